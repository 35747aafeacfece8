import { expect } from "chai";
import {
  accessAttributes,
  parseRequestInfo,
  requestInfo,
} from "../../src/authorization/request-attributes.ts";

type Row = readonly [
  method: string,
  target: string,
  verb: string,
  group: string,
  version: string,
  namespace: string,
  resource: string,
  subresource: string,
  name: string,
];

// the resource rows of k8s.io/apiserver pkg/endpoints/request/requestinfo_test.go that do not use a verb in the path
const resourceRows: readonly Row[] = [
  ["GET", "/api/v1/namespaces", "list", "", "v1", "", "namespaces", "", ""],
  ["GET", "/api/v1/namespaces/other", "get", "", "v1", "other", "namespaces", "", "other"],
  ["GET", "/api/v1/namespaces/other/pods", "list", "", "v1", "other", "pods", "", ""],
  ["GET", "/api/v1/namespaces/other/pods/foo", "get", "", "v1", "other", "pods", "", "foo"],
  ["HEAD", "/api/v1/namespaces/other/pods/foo", "get", "", "v1", "other", "pods", "", "foo"],
  ["GET", "/api/v1/pods", "list", "", "v1", "", "pods", "", ""],
  ["HEAD", "/api/v1/pods", "list", "", "v1", "", "pods", "", ""],
  ["GET", "/api/v1/pods?watch=true", "watch", "", "v1", "", "pods", "", ""],
  ["GET", "/api/v1/pods?watch=false", "list", "", "v1", "", "pods", "", ""],
  ["GET", "/api/v1/namespaces/other/pods?watch=1", "watch", "", "v1", "other", "pods", "", ""],
  ["GET", "/api/v1/namespaces/other/pods/foo/status", "get", "", "v1", "other", "pods", "status", "foo"],
  ["GET", "/api/v1/namespaces/other/pods/foo/proxy/sub", "get", "", "v1", "other", "pods", "proxy", "foo"],
  [
    "PUT",
    "/api/v1/namespaces/other/finalize",
    "update",
    "",
    "v1",
    "other",
    "namespaces",
    "finalize",
    "other",
  ],
  ["PUT", "/api/v1/namespaces/other/status", "update", "", "v1", "other", "namespaces", "status", "other"],
  ["PATCH", "/api/v1/namespaces/other/pods/foo", "patch", "", "v1", "other", "pods", "", "foo"],
  ["DELETE", "/api/v1/namespaces/other/pods/foo", "delete", "", "v1", "other", "pods", "", "foo"],
  ["DELETE", "/api/v1/nodes", "deletecollection", "", "v1", "", "nodes", "", ""],
  ["POST", "/api/v1/namespaces/other/pods", "create", "", "v1", "other", "pods", "", ""],
  ["GET", "/apis/apps/v1/namespaces/other/deployments", "list", "apps", "v1", "other", "deployments", "", ""],
  ["GET", "/apis/apps/v1/namespaces/other/pods/foo/", "get", "apps", "v1", "other", "pods", "", "foo"],
  ["GET", "/api/v1/pods?fieldSelector=metadata.name=foo", "list", "", "v1", "", "pods", "", "foo"],
  [
    "GET",
    "/api/v1/pods?fieldSelector=metadata.name%3Dfoo,a=b&watch=1",
    "watch",
    "",
    "v1",
    "",
    "pods",
    "",
    "foo",
  ],
  ["GET", "/api/v1/pods?fieldSelector=metadata.name!=foo", "list", "", "v1", "", "pods", "", ""],
  ["GET", "/api/v1/pods?fieldSelector=metadata.name=..", "list", "", "v1", "", "pods", "", ""],
  [
    "GET",
    "/api/v1/pods?fieldSelector=metadata.name!=a%5C,metadata.name=x",
    "list",
    "",
    "v1",
    "",
    "pods",
    "",
    "",
  ],
  ["OPTIONS", "/api/v1/pods", "", "", "v1", "", "pods", "", ""],
];

// and its rows for paths that are no resource
const nonResourceRows = [
  "/",
  "/api",
  "/api/v1",
  "/api/v1/",
  "/apis",
  "/apis/apps",
  "/apis/apps/v1",
  "/healthz/ping",
  "/other/v1/pods",
];

const parse = (method: string, target: string): ReturnType<typeof parseRequestInfo> => {
  const { pathname, searchParams } = new URL(target, "https://host");
  return parseRequestInfo(method, pathname, searchParams);
};

describe("parseRequestInfo", () => {
  for (const [method, target, verb, group, version, namespace, resource, subresource, name] of resourceRows)
    it(`reads ${method} ${target}`, () => {
      expect(parse(method, target)).to.include({
        isResourceRequest: true,
        verb,
        group,
        version,
        namespace,
        resource,
        subresource,
        name,
      });
    });

  for (const path of nonResourceRows)
    it(`takes ${path} for no resource`, () => {
      expect(parse("GET", path)).to.include({ isResourceRequest: false, verb: "get", path, resource: "" });
    });
});

describe("requestInfo", () => {
  it("reads a request as it came: method, path and query", () => {
    expect(requestInfo({ method: "GET", url: "/api/v1/pods?watch=1&x=a%20b" })).to.include({
      verb: "watch",
      resource: "pods",
      path: "/api/v1/pods",
    });
    expect(requestInfo({})).to.include({ isResourceRequest: false, verb: "get", path: "/" });
  });

  it("decodes escapes once, before the path is taken apart", () => {
    expect(requestInfo({ method: "GET", url: "/api/v1/namespaces/%6bube-system/secrets/a%2Fb" })).to.include({
      namespace: "kube-system",
      name: "a",
      subresource: "b",
    });
    expect(requestInfo({ method: "GET", url: "/api/v1/namespaces/a/pods/%2541" })).to.include({
      name: "%41",
    });
  });

  it("takes a path with an escape that is none as it stands", () => {
    expect(requestInfo({ method: "GET", url: "/api/v1/namespaces/a/pods/%zz" })).to.include({ name: "%zz" });
  });
});

describe("a path of slashes", () => {
  it("is read in one go, however many they are", () => {
    const slashes = "/".repeat(300_000);
    const { resource, subresource } = requestInfo({ method: "GET", url: `${slashes}api/v1/pods${slashes}x` });
    expect([resource, subresource]).to.deep.equal(["pods", ""]);
    expect(requestInfo({ method: "GET", url: `${slashes}api/v1/pods${slashes}` }).parts).to.deep.equal([
      "pods",
    ]);
    expect(requestInfo({ method: "GET", url: slashes })).to.include({
      isResourceRequest: false,
      path: slashes,
    });
  });
});

describe("accessAttributes", () => {
  const user = { username: "jane", groups: ["a"] };
  it("asks for a resource, or for a path, never both", () => {
    expect(
      accessAttributes(user, requestInfo({ method: "PUT", url: "/apis/g/v1/namespaces/n/rs/x/status" })),
    ).to.deep.equal({
      user,
      resource: {
        namespace: "n",
        verb: "update",
        group: "g",
        version: "v1",
        resource: "rs",
        subresource: "status",
        name: "x",
      },
    });
    expect(accessAttributes(user, requestInfo({ method: "GET", url: "/metrics" }))).to.deep.equal({
      user,
      nonResource: { path: "/metrics", verb: "get" },
    });
  });
});
