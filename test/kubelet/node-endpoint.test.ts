import { expect } from "chai";
import { nodeEndpoint } from "../../src/kubelet/node-endpoint.ts";

/** What is read at a kubelet: path and name. */
const reads: readonly (readonly [path: string, name: string])[] = [
  ["/healthz", "healthz"],
  ["/healthz/ping", "healthz"],
  ["/healthz/log", "healthz"],
  ["/healthz/syncloop", "healthz"],
  ["/pods", "pods"],
  ["/pods/", "pods"],
  ["/runningpods", "runningpods"],
  ["/runningpods/", "runningpods"],
  ["/stats/summary", "stats/summary"],
  ["/metrics", "metrics"],
  ["/metrics/cadvisor", "metrics/cadvisor"],
  ["/metrics/resource", "metrics/resource"],
  ["/metrics/probes", "metrics/probes"],
  ["/metrics/slis", "metrics/slis"],
  ["/containerLogs/ns/web/app", "containerLogs"],
  ["/configz", "configz"],
  ["/logs", "logs"],
  ["/logs/", "logs"],
  ["/logs/syslog", "logs"],
  ["/logs/pods/a/0.log", "logs"],
  ["/logs/pods/", "logs"],
  ["/debug/pprof", "debug/pprof"],
  ["/debug/pprof/", "debug/pprof"],
  ["/debug/pprof/heap", "debug/pprof"],
  ["/flagz", "flagz"],
  ["/statusz", "statusz"],
];

const interactive: readonly (readonly [path: string, name: string, methods: readonly string[]])[] = [
  ["/exec/ns/web/app", "exec", ["GET", "POST"]],
  ["/exec/ns/web/uid/app", "exec", ["GET", "POST"]],
  ["/attach/ns/web/app", "attach", ["GET", "POST"]],
  ["/attach/ns/web/uid/app", "attach", ["GET", "POST"]],
  ["/portForward/ns/web", "portForward", ["GET", "POST"]],
  ["/portForward/ns/web/uid", "portForward", ["GET", "POST"]],
  ["/run/ns/web/app", "run", ["POST"]],
  ["/run/ns/web/uid/app", "run", ["POST"]],
];

const nowhere = [
  ...[
    "",
    "/",
    "//",
    "/pod",
    "/podsx",
    "/Pods",
    "/runningPods",
    "/pods/web",
    "/healthzx",
    "/healthz/",
    "/healthz/a/b",
  ],
  ...[
    "/stats",
    "/stats/",
    "/stats/container",
    "/metrics/",
    "/metrics/x",
    "/metrics//cadvisor",
    "/spec",
    "/spec/",
  ],
  ...["/containerLogs", "/containerLogs/ns/web", "/containerLogs/ns/web/app/", "/containerLogs/ns/web/app/x"],
  ...[
    "/containerLogs//web/app",
    "/containerlogs/ns/web/app",
    "/configz/",
    "/configz/x",
    "/logs//x",
    "/logsx",
  ],
  ...[
    "/debug",
    "/debug/",
    "/debug/flags/v",
    "/debug/pprof/a/b",
    "/flagz/",
    "/statusz/x",
    "/checkpoint/ns/web/app",
  ],
  ...[
    "/exec",
    "/exec/ns/web",
    "/exec/ns/web/uid/app/x",
    "/exec//web/app",
    "/exec/ns/web/app/",
    "/cri/exec/token",
  ],
  ...["/portForward/ns", "/portForward/ns/web/uid/x", "/portforward/ns/web", "/run/ns/web", "/attach/ns"],
  ...[
    "pods",
    " /pods",
    "/pods ",
    "/pods\n",
    "/pods?x",
    "/pods#x",
    "/pods;x",
    "/pods\0",
    "\\pods",
    "/metrics\n/exec/a/b/c",
  ],
];
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "get", ""];

describe("what a kubelet serves", () => {
  for (const [path, name] of reads)
    it(`${path} is read, by GET and HEAD only`, () => {
      for (const method of methods) {
        const expected = method === "GET" || method === "HEAD" ? { name, interactive: undefined } : undefined;
        expect(nodeEndpoint(method, path), method).to.deep.equal(expected);
      }
    });

  for (const [path, name, allowed] of interactive)
    it(`${path} runs something, by ${allowed.join(" and ")} only`, () => {
      for (const method of methods) {
        const expected = allowed.includes(method) ? { name, interactive: name } : undefined;
        expect(nodeEndpoint(method, path), method).to.deep.equal(expected);
      }
    });

  for (const path of nowhere)
    it(`${JSON.stringify(path)} is not passed on`, () => {
      for (const method of methods) expect(nodeEndpoint(method, path), method).to.equal(undefined);
    });
});
