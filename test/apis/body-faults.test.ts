import { expect } from "chai";
import {
  otherVersion,
  unconvertibleKind,
  unrecognizedBody,
  unregisteredKind,
} from "../../src/apis/body-faults.ts";

const expected = { group: "authentication.k8s.io", version: "v1", kind: "TokenReview" };

/** The messages are kube-apiserver 1.37's; the contract suite asks it for them. */
describe("what is wrong with a body", () => {
  it("shows no more of it than its beginning: as text where it looks like JSON, else in hex", () => {
    const shown = (body: string): string => unrecognizedBody("Pod", "why", Buffer.from(body));
    const start = "the object provided is unrecognized (must be of type Pod): why ";
    expect(shown("")).to.equal(`${start}(<empty>)`);
    expect(shown("{}")).to.equal(`${start}({})`);
    expect(shown(`{${"a".repeat(29)}`)).to.equal(`${start}({${"a".repeat(29)})`);
    expect(shown(`{${"a".repeat(30)}`)).to.equal(`${start}({${"a".repeat(29)} ...)`);
    expect(shown("[]")).to.equal(`${start}(5b5d)`);
    expect(shown("[".repeat(31))).to.equal(`${start}(${"5b".repeat(30)} ...)`);
  });

  it("names both kinds and both versions", () => {
    expect(unconvertibleKind({ group: "apps", version: "v1", kind: "Deployment" }, expected)).to.equal(
      'Deployment in version "v1" cannot be handled as a TokenReview: converting (v1.Deployment) to (authentication.TokenReview): unknown conversion',
    );
    expect(
      unconvertibleKind(
        { group: "apps", version: "v1", kind: "Deployment" },
        { group: "", version: "v1", kind: "Pod" },
      ),
    ).to.contain("to (core.Pod)");
    expect(otherVersion("a/v2", "a/v1")).to.equal(
      "the API version in the data (a/v2) does not match the expected API version (a/v1)",
    );
  });

  it("names the version in which nobody knows a kind", () => {
    const unknown = (group: string): string =>
      unregisteredKind({ group, version: "v1", kind: "Recipe" }, expected);
    expect(unknown("a.example")).to.contain('no kind "Recipe" is registered for version "a.example/v1"');
    expect(unknown("")).to.contain('no kind "Recipe" is registered for version "v1"');
  });
});
