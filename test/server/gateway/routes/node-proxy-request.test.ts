import { expect } from "chai";
import { requestInfo } from "../../../../src/authorization/request-attributes.ts";
import { isNodeProxy, nodeProxyRequest } from "../../../../src/server/gateway/routes/node-proxy-request.ts";

const of = (url: string) => nodeProxyRequest({ url, info: requestInfo({ url }) });
const node = "/api/v1/nodes/n1/proxy";

describe("nodeProxyRequest", () => {
  for (const [url, path, query] of [
    [`${node}/pods`, "/pods", ""],
    [`${node}/pods/`, "/pods/", ""],
    [`${node}/logs/a/b?query=x%2fy&&`, "/logs/a/b", "?query=x%2fy&&"],
    [`${node}/metrics?`, "/metrics", "?"],
    [`${node}/metrics?a=/x?b`, "/metrics", "?a=/x?b"],
    [node, "/", ""],
    [`${node}/`, "/", ""],
  ] as const)
    it(`${url} is ${path} with ${query || "no query"}`, () => {
      expect(of(url)).to.deep.equal({ nodeName: "n1", path, query });
    });

  for (const url of [
    "/api/v1/nodes/n1",
    "/api/v1/nodes/n1/status",
    "/api/v1/nodes",
    "/api/v1/namespaces/a/nodes/n1/proxy/pods",
    "/apis/x/v1/nodes/n1/proxy/pods",
    "/api/v2/nodes/n1/proxy/pods",
    "/api/v1/proxy/nodes/n1/pods",
    "/healthz",
  ])
    it(`${url} is none`, () => {
      expect(of(url)).to.equal(undefined);
      expect(isNodeProxy(requestInfo({ url }))).to.equal(false);
    });

  for (const url of [
    "/api/v1/nodes/n%31/proxy/pods",
    `${node}/%70ods`,
    "/api/v1/nodes/n1/%70roxy/pods",
    "//api/v1/nodes/n1/proxy/pods",
    "/api/v1/nodes/n1:10250/proxy/pods",
    "/api/v1/nodes/https:n1:10250/proxy/pods",
    "/api/v1/nodes/N1/proxy/pods",
  ])
    it(`${url} is refused: what was authorized has to be what is sent`, () => {
      expect(() => of(url))
        .to.throw()
        .with.property("status", 400);
    });
});
