import { expect } from "chai";
import { assertPathTarget, assertPlainPath } from "../../src/authorization/request-path.ts";
import { CountersignError } from "../../src/errors.ts";

const control = (code: number): string => String.fromCharCode(code);

/** By what a reader would be misled. */
const refused: Readonly<Record<string, readonly string[]>> = {
  "dot segments": [
    "/metrics/../exec/ns/p/c",
    "/metrics/..",
    "/..",
    "/.",
    "/./pods",
    "/metrics/.",
    "/metrics/./../pods",
    "/.../exec",
    "/metrics/..../pods",
  ],
  "escapes, of dots, slashes or letters, once or more": [
    "/metrics/%2e%2e/exec/ns/p/c",
    "/metrics/%2E%2E/exec",
    "/metrics/.%2e/exec",
    "/healthz%2f..%2fexec",
    "/healthz%2F..%2Fexec",
    "/metrics/%252e%252e/exec",
    "/metrics/%25252e%25252e/exec",
    "/metrics/%c0%ae%c0%ae/exec",
    "/%70ods",
    "/logs/a%20b",
    "/logs/%00",
    "/logs/%5c..%5cexec",
    "/logs/%3fx",
    "/logs/%23x",
    "/logs/%zz",
    "/logs/%",
  ],
  "empty segments": [
    "//exec/ns/p/c",
    "//",
    "///",
    "/metrics//../pods",
    "/metrics//pods",
    "/logs//",
    "//host/pods",
  ],
  backslashes: ["/metrics/..\\exec", "\\exec", "/\\exec", "/logs\\..\\exec"],
  "path parameters": ["/metrics;/../exec", "/metrics/..;/exec", "/pods;x=y", "/;/exec"],
  "controls and NUL": [
    `/pods${control(0)}`,
    `/logs/${control(0)}/x`,
    `/pods${control(9)}`,
    `/pods${control(10)}GET /exec`,
    `/pods${control(13)}`,
    `/pods${control(127)}`,
  ],
  spaces: ["/pods /exec", " /pods", "/pods "],
  "bytes beyond ASCII": [
    "/pöds",
    `/pods${control(0x80)}`,
    `/pods${control(0xff)}`,
    "/\u2024\u2024/exec",
    "/\uff0e\uff0e/exec",
    "/\u2215exec",
    "/pods\ud800",
  ],
  "what a URL has to escape": [
    "/logs/a|b",
    "/logs/<x>",
    '/logs/"',
    "/logs/a^b",
    "/logs/`x`",
    "/logs/{x}",
    "/logs/[x]",
  ],
  "a fragment": ["/pods#/../exec", "/#", "/pods?x#/../exec", "#"],
  "targets that are no path": [
    "",
    "*",
    "http://host/pods",
    "https://host:10250/exec/ns/p/c",
    "HTTP://host/",
    "host:443",
    "pods",
    "?x",
    "metrics/../pods",
  ],
  "in the query what no client sends": [
    "/pods?a b",
    `/pods?${control(0)}`,
    `/pods?a=${control(10)}`,
    "/pods?é",
  ],
};

const plain = [
  "/",
  "/pods",
  "/pods/",
  "/runningpods/",
  "/metrics/cadvisor",
  "/stats/summary?only_cpu_and_memory=true",
  "/containerLogs/shop/web-5f7c/app?follow=true&sinceTime=2024-08-30T06%3A00%3A00Z",
  "/logs/",
  "/logs/pods/shop_web_0f5/app/0.log",
  "/logs/.hidden/..x/x..",
  "/logs/a~b!c$d&e'f(g)h*i+j,k=l:m@n-o_p",
  "/api/v1/nodes/node-1.example.com/proxy/metrics",
  "/api/v1/namespaces/shop/pods/web/log?container=app&insecureSkipTLSVerifyBackend=true",
  "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:basic-user",
  "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1&labelSelector=a%20in%20(b,c)",
  "/pods?x=/../exec",
  "/pods?x=//;..%2f",
  "/pods?",
  "/pods??",
];

describe("assertPlainPath", () => {
  for (const [what, targets] of Object.entries(refused))
    for (const target of targets)
      it(`refuses ${what}: ${JSON.stringify(target)}`, () => {
        expect(() => assertPlainPath(target))
          .to.throw(CountersignError)
          .that.includes({ code: "ERR_REQUEST_PATH", status: 400 });
      });

  for (const target of plain)
    it(`lets ${target} through`, () => {
      expect(() => assertPlainPath(target)).to.not.throw();
    });

  it("lets no byte through that is none of a plain path's, wherever it stands", () => {
    const through = Array.from({ length: 0x180 }, (_, code) => control(code)).filter((character) => {
      const outcomes = [`/x${character}y/z`, `/${character}x`, `/x/y${character}`].map((target) => {
        try {
          assertPlainPath(target);
          return true;
        } catch {
          return false;
        }
      });
      return outcomes.every(Boolean);
    });
    const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // `/` makes an empty segment in one of the three places, `?` begins the query
    expect(through.sort().join("")).to.equal([...`${letters}!$&'()*+,-.:=?@_~`].sort().join(""));
  });

  it("does not repeat the path, which somebody chose, in what it says", () => {
    for (const target of Object.values(refused)
      .flat()
      .filter(({ length }) => length > 8))
      expect(() => assertPlainPath(target))
        .to.throw()
        .with.property("message")
        .that.does.not.contain(target);
  });
});

describe("assertPathTarget", () => {
  for (const url of [
    ...["", "*", "x", "http://h/apis/g/v1/secrets", "https://h", "h:443", "//h/apis/g", "//", "?x"],
    ...["/apis/g\\v1\\secrets#", "/apis\\g", "\\apis", "/apis#x", "/apis?x#y", "/apis?x=\\"],
    ...["/openapi/../apis/g/v1/secrets", "/..", "/.", "/a/.", "/a/./b", "/%2e%2e/b", "/a/.%2E", "/%2e"],
  ])
    it(`refuses ${JSON.stringify(url)}, which is no path or two`, () => {
      expect(() => assertPathTarget(url))
        .to.throw(CountersignError, "could be read in two ways")
        .with.property("code", "ERR_REQUEST_PATH");
    });

  for (const url of [
    ...["/", "/?x", "/apis/g/v1/secrets/", "/api/v1/pods?fieldSelector=a%3D..&x=/../y", "/a/...", "/a/..b"],
    ...["/apis/g/v1/things/a%20b", "/apis/g/v1/things/a%2Fb", "/a//b", "/%zz", "/a;b"],
  ])
    it(`lets ${JSON.stringify(url)} pass`, () => {
      expect(() => assertPathTarget(url)).to.not.throw();
    });
});
