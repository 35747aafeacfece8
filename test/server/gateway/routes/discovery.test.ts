import { expect } from "chai";
import { createDiscovery } from "../../../../src/server/gateway/routes/discovery.ts";

describe("createDiscovery", () => {
  it("has a document for each path that leads to a resource", () => {
    expect([...createDiscovery({}).documents.keys()]).to.deep.equal([
      "/api",
      "/api/v1",
      "/apis",
      "/apis/authentication.k8s.io",
      "/apis/authentication.k8s.io/v1",
      "/apis/authentication.k8s.io/v1beta1",
      "/apis/authentication.k8s.io/v1alpha1",
    ]);
  });

  it("lists a group as /apis does, without what a document of its own has", () => {
    const { groups } = createDiscovery({}).documents.get("/apis") as { groups: object[] };
    expect(groups[0]).to.have.keys("name", "versions", "preferredVersion");
  });

  it("never answers /apis with nothing: kubectl gives up on a server that has none", () => {
    const off = createDiscovery({ selfSubjectReview: false, selfSubjectAttributesReview: false });
    expect(off.documents.get("/apis")).to.deep.equal({ kind: "APIGroupList", apiVersion: "v1", groups: [] });
    expect([...off.documents.keys()]).to.deep.equal(["/api", "/api/v1", "/apis"]);
    expect(off.aggregated.get("/apis")!("v2")).to.deep.include({ items: [] });
  });
});
