import { expect } from "chai";
import { kubeletAnalog } from "../../src/authorization/kubelet-analog.ts";

const analogOf = (method: string, path: string, nodeName = "n1") => kubeletAnalog({ nodeName, method, path });
const ofPod = (verb: string, subresource: string) => ({
  resource: { namespace: "shop", verb, group: "", version: "v1", resource: "pods", subresource, name: "web" },
});
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

describe("kubeletAnalog", () => {
  for (const [path, verb, subresource] of [
    ["/exec/shop/web/app", "create", "exec"],
    ["/exec/shop/web/uid/app", "create", "exec"],
    ["/run/shop/web/app", "create", "exec"],
    ["/run/shop/web/uid/app", "create", "exec"],
    ["/attach/shop/web/app", "create", "attach"],
    ["/attach/shop/web/uid/app", "create", "attach"],
    ["/portForward/shop/web", "create", "portforward"],
    ["/portForward/shop/web/uid", "create", "portforward"],
  ] as const)
    it(`${path} is ${verb} pods/${subresource} of that pod, whatever the method`, () => {
      for (const method of methods) expect(analogOf(method, path)).to.deep.equal(ofPod(verb, subresource));
    });

  it("a container's log is get pods/log of that pod, to read only", () => {
    for (const method of ["GET", "HEAD"])
      expect(analogOf(method, "/containerLogs/shop/web/app")).to.deep.equal(ofPod("get", "log"));
    for (const method of ["POST", "PUT", "PATCH", "DELETE"])
      expect(analogOf(method, "/containerLogs/shop/web/app")).to.equal(undefined);
  });

  it("the pods of a node are list pods in all namespaces, selected by that node, to read only", () => {
    for (const path of ["/pods", "/pods/", "/runningpods", "/runningpods/"]) {
      expect(analogOf("GET", path)).to.deep.equal({
        resource: {
          verb: "list",
          group: "",
          version: "v1",
          resource: "pods",
          fieldSelector: { rawSelector: "spec.nodeName=n1" },
        },
      });
      expect(analogOf("HEAD", path)).to.deep.equal(analogOf("GET", path));
      for (const method of ["POST", "PUT", "PATCH", "DELETE"])
        expect(analogOf(method, path)).to.equal(undefined);
    }
  });

  it("a node's name cannot widen its selector", () => {
    expect(analogOf("GET", "/pods", "n1,spec.nodeName!=n1\\")).to.have.nested.property(
      "resource.fieldSelector.rawSelector",
      "spec.nodeName=n1\\,spec.nodeName!\\=n1\\\\",
    );
  });

  for (const path of [
    "/healthz",
    "/healthz/",
    "/healthz/log",
    "/logs/",
    "/logs/pods/x.log",
    "/metrics",
    "/metrics/cadvisor",
    "/stats/summary",
    "/configz",
    "/debug/pprof/heap",
    "/debug/flags/v",
    "/flagz",
    "/statusz",
  ])
    it(`${path} is that path, with the lower-case method as verb`, () => {
      for (const [method, verb] of [
        ["GET", "get"],
        ["HEAD", "head"],
        ["PUT", "put"],
        ["POST", "post"],
      ] as const)
        expect(analogOf(method, path)).to.deep.equal({ nonResource: { path, verb } });
    });

  for (const path of [
    "/",
    "/checkpoint/shop/web/app",
    "/containerLogs/shop/web",
    "/containerLogs/shop/web/uid/app",
    "/containerLogs/shop/web/app/",
    "/containerLogs//web/app",
    "/containerLogs",
    "/exec/shop/web",
    "/exec/shop/web/uid/app/more",
    "/exec/shop//app",
    "/attach/shop/web/",
    "/portForward/shop",
    "/portForward/shop/web/uid/more",
    "/pods/shop",
    "/runningPods/",
    "/containerlogs/shop/web/app",
    "/healthzz",
    "/unknown",
    "/constructor/shop/web/app",
    "/spec/",
  ])
    it(`${path} has none`, () => {
      for (const method of methods) expect(analogOf(method, path)).to.equal(undefined);
    });
});
