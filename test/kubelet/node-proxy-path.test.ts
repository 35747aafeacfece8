import { expect } from "chai";
import { parseNodeProxyPath } from "../../src/kubelet/node-proxy-path.ts";

describe("a node's proxy path", () => {
  for (const [raw, nodeName, path] of [
    ["/api/v1/nodes/n1/proxy/metrics", "n1", "/metrics"],
    ["/api/v1/nodes/n1.example.com/proxy/pods/", "n1.example.com", "/pods/"],
    ["/api/v1/nodes/n1/proxy/", "n1", "/"],
    ["/api/v1/nodes/n1/proxy", "n1", "/"],
    ["/api/v1/nodes/n1/proxy//x", "n1", "//x"],
    ["/api/v1/nodes/n1/proxy/%2e%2E/a%2Fb;c?", "n1", "/%2e%2E/a%2Fb;c?"],
    ["/api/v1/nodes/proxy/proxy/api/v1/nodes/n2/proxy/pods", "proxy", "/api/v1/nodes/n2/proxy/pods"],
    ["/api/v1/nodes/n1/proxy/a\nb", "n1", "/a\nb"],
  ] as const)
    it(`${JSON.stringify(raw)} is ${path} of ${nodeName}, to the byte`, () => {
      expect(parseNodeProxyPath(raw)).to.deep.equal({ nodeName, path });
    });

  for (const name of [
    ...[
      "n1:10250",
      "https:n1:10250",
      "http:n1:",
      "n1:",
      ":n1",
      "",
      "N1",
      "-n1",
      "n1-",
      "n1.",
      ".n1",
      "n1..n2",
      "..",
      ".",
    ],
    ...["n%31", "n1%2f..", "n_1", "n1 ", "n1@x", "[::1]", "n1\n", "a".repeat(254), "n1%3A10250"],
  ])
    it(`${JSON.stringify(name.slice(0, 20))} is no node's name: 400`, () => {
      expect(() => parseNodeProxyPath(`/api/v1/nodes/${name}/proxy/metrics`))
        .to.throw("invalid node request")
        .with.property("answer")
        .that.includes({ code: 400, reason: "BadRequest" });
    });

  for (const raw of [
    ...[
      "",
      "/",
      "/api/v1/nodes",
      "/api/v1/nodes/n1",
      "/api/v1/nodes/n1/",
      "/api/v1/nodes/n1/status",
      "/api/v1/nodes/n1/proxyx",
    ],
    ...[
      "/api/v1/nodes/n1/Proxy/x",
      "/apis/v1/nodes/n1/proxy/x",
      "/api/v1/nodes/n1/x/proxy/y",
      "//api/v1/nodes/n1/proxy/x",
    ],
    ...["/api/v1/namespaces/ns/nodes/n1/proxy/x", "api/v1/nodes/n1/proxy/x", "/API/v1/nodes/n1/proxy/x"],
  ])
    it(`${JSON.stringify(raw)} is another path`, () => {
      expect(parseNodeProxyPath(raw)).to.equal(undefined);
    });
});
