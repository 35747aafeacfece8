import { expect } from "chai";
import fc from "fast-check";
import { resourceLabels, verbLabel } from "../../../src/server/gateway/request-labels.ts";

describe("the labels of a gateway's requests", () => {
  it("name what is served", () => {
    expect(resourceLabels({ group: "", resource: "pods", subresource: "log" })).to.deep.equal([
      "pods",
      "log",
    ]);
    expect(resourceLabels({ group: "", resource: "nodes", subresource: "proxy" })).to.deep.equal([
      "nodes",
      "proxy",
    ]);
    const group = "authentication.k8s.io";
    expect(resourceLabels({ group, resource: "selfsubjectreviews", subresource: "" })).to.deep.equal([
      "selfsubjectreviews",
      "",
    ]);
  });

  it("call everything else one name", () => {
    expect(resourceLabels({ group: "apps", resource: "pods", subresource: "log" })).to.deep.equal([
      "other",
      "",
    ]);
    expect(resourceLabels({ group: "", resource: "pods", subresource: "exec" })).to.deep.equal(["other", ""]);
    expect(resourceLabels({ group: "__proto__", resource: "pods" })).to.deep.equal(["other", ""]);
    expect(verbLabel("brew")).to.equal("other");
  });

  it("are empty for a path that is no resource, and for what was refused before", () => {
    expect(resourceLabels({ group: "", resource: "", subresource: "" })).to.deep.equal(["", ""]);
    expect(resourceLabels({})).to.deep.equal(["", ""]);
    expect(verbLabel(undefined)).to.equal("");
  });

  it("are few, whatever is asked for", () => {
    const seen = new Set<string>();
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom("", "pods", "log", "nodes", "proxy", "apps", "authentication.k8s.io", "constructor"),
    );
    fc.assert(
      fc.property(word, word, word, (group, resource, subresource) => {
        seen.add(resourceLabels({ group, resource, subresource }).join("/"));
      }),
      { numRuns: 2_000 },
    );
    expect(seen.size).to.be.at.most(7);
  });
});
