import { expect } from "chai";
import {
  isKubeletSubpath,
  kubeletVerb,
  nodeSubresources,
} from "../../src/authorization/node-subresources.ts";

type Row = readonly [path: string, gateOff: string, gateOn: string];

// every row of kubernetes/kubernetes pkg/kubelet/server/auth_test.go, 1.35 and later
const upstreamRows: readonly Row[] = [
  ["/attach/{podNamespace}/{podID}/{containerName}", "proxy", "proxy"],
  ["/attach/{podNamespace}/{podID}/{uid}/{containerName}", "proxy", "proxy"],
  ["/checkpoint/{podNamespace}/{podID}/{containerName}", "checkpoint", "checkpoint"],
  ["/configz", "proxy", "configz proxy"],
  ["/flagz", "configz", "configz"],
  ["/statusz", "statusz", "statusz"],
  ["/containerLogs/{podNamespace}/{podID}/{containerName}", "proxy", "proxy"],
  ["/debug/flags/v", "proxy", "proxy"],
  ["/debug/pprof/{subpath:*}", "proxy", "proxy"],
  ["/exec/{podNamespace}/{podID}/{containerName}", "proxy", "proxy"],
  ["/exec/{podNamespace}/{podID}/{uid}/{containerName}", "proxy", "proxy"],
  ["/healthz", "proxy", "healthz proxy"],
  ["/healthz/log", "proxy", "healthz proxy"],
  ["/healthz/ping", "proxy", "healthz proxy"],
  ["/healthz/syncloop", "proxy", "healthz proxy"],
  ["/logs/", "log", "log"],
  ["/logs/{logpath:*}", "log", "log"],
  ["/metrics", "metrics", "metrics"],
  ["/metrics/slis", "metrics", "metrics"],
  ["/metrics/cadvisor", "metrics", "metrics"],
  ["/metrics/probes", "metrics", "metrics"],
  ["/metrics/resource", "metrics", "metrics"],
  ["/pods/", "proxy", "pods proxy"],
  ["/portForward/{podNamespace}/{podID}", "proxy", "proxy"],
  ["/portForward/{podNamespace}/{podID}/{uid}", "proxy", "proxy"],
  ["/run/{podNamespace}/{podID}/{containerName}", "proxy", "proxy"],
  ["/run/{podNamespace}/{podID}/{uid}/{containerName}", "proxy", "proxy"],
  ["/runningpods/", "proxy", "pods proxy"],
  ["/stats/", "stats", "stats"],
  ["/stats/summary", "stats", "stats"],
];

// what its rows leave out: without the slash at the end, below, beside, in other letters
const furtherRows: readonly Row[] = [
  ["/", "proxy", "proxy"],
  ["/pods", "proxy", "pods proxy"],
  ["/pods/below", "proxy", "pods proxy"],
  ["/runningpods", "proxy", "pods proxy"],
  ["/runningPods/", "proxy", "proxy"],
  ["/Metrics", "proxy", "proxy"],
  ["/configz/", "proxy", "configz proxy"],
  ["/stats", "stats", "stats"],
  ["/logs", "log", "log"],
  ["/log", "proxy", "proxy"],
  ["/flagz/x", "configz", "configz"],
  ["/statusz/", "statusz", "statusz"],
  ["/checkpoint", "checkpoint", "checkpoint"],
  ["/metricsx", "proxy", "proxy"],
  ["/healthzz", "proxy", "proxy"],
  ["/podspec", "proxy", "proxy"],
  ["/spec/", "proxy", "proxy"],
  ["/x/metrics", "proxy", "proxy"],
];

describe("nodeSubresources", () => {
  for (const [path, gateOff, gateOn] of [...upstreamRows, ...furtherRows])
    it(`opens ${path} by ${gateOn}, coarsely by ${gateOff}`, () => {
      expect(nodeSubresources(path, true)).to.deep.equal(gateOn.split(" "));
      expect(nodeSubresources(path, false)).to.deep.equal(gateOff.split(" "));
    });

  it("never lets nodes/proxy open what has a name of its own since ever", () => {
    for (const path of ["/stats", "/metrics", "/logs", "/checkpoint", "/statusz", "/flagz"])
      for (const fineGrained of [true, false])
        expect(nodeSubresources(`${path}/x`, fineGrained)).to.not.include("proxy");
  });
});

describe("isKubeletSubpath", () => {
  // the rows of its unit test
  for (const [path, base, expected] of [
    ["", "", true],
    ["foo", "foo", true],
    ["/foo", "/foo", true],
    ["/foo/", "/foo/", true],
    ["/foo/bar", "/foo/bar", true],
    ["/", "/", true],
    ["/foo", "/", true],
    ["/foo/", "/", true],
    ["/foo/bar", "/", true],
    ["/foo/", "/foo", true],
    ["/foo", "/foo/", true],
    ["/foo/bar", "/foo", true],
    ["/foo/bar", "/foo/", true],
    ["/foo", "/bar", false],
    ["/foo", "/foobar", false],
    ["/foobar", "/foo", false],
    ["/Foo", "/foo", false],
  ] as const)
    it(`${JSON.stringify(path)} is ${expected ? "" : "not "}below ${JSON.stringify(base)}`, () => {
      expect(isKubeletSubpath(path, base)).to.equal(expected);
    });
});

describe("kubeletVerb", () => {
  for (const [method, verb] of [
    ["POST", "create"],
    ["GET", "get"],
    ["HEAD", "get"],
    ["PUT", "update"],
    ["PATCH", "patch"],
    ["DELETE", "delete"],
  ] as const)
    it(`${method} is ${verb}`, () => {
      expect(kubeletVerb(method)).to.equal(verb);
    });

  for (const method of ["OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "", "constructor", "__proto__"])
    it(`${JSON.stringify(method)} is none`, () => {
      expect(kubeletVerb(method)).to.equal(undefined);
    });
});
