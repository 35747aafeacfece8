import { expect } from "chai";
import fc from "fast-check";
import { didYouMean, nearestName } from "../../src/configuration/nearest-name.ts";

const known = ["service-account", "api-group", "audience", "kubeconfig", "server", "on-failure"];

describe("nearestName", () => {
  for (const [misspelt, meant] of [
    ["audiense", "audience"],
    ["Audience", "audience"],
    ["api-gruop", "api-group"],
    ["serviceaccount", "service-account"],
    ["serivce-account", "service-account"],
    ["kube-config", "kubeconfig"],
  ] as const)
    it(`takes ${misspelt} for ${meant}`, () => expect(nearestName(misspelt, known)).to.equal(meant));

  it("offers nothing where nothing is near", () => {
    expect(nearestName("zzz", known)).to.equal(undefined);
    expect(nearestName("x".repeat(100_000), known)).to.equal(undefined);
    expect(nearestName("audience", [])).to.equal(undefined);
  });

  it("finds every known name at its own place", () => {
    fc.assert(fc.property(fc.constantFrom(...known), (name) => nearestName(name, known) === name));
  });

  it("finds the name that one letter was lost from", () => {
    const lost = fc
      .constantFrom(...known)
      .chain((name) => fc.tuple(fc.constant(name), fc.nat({ max: name.length - 1 })));
    fc.assert(
      fc.property(lost, ([name, at]) => nearestName(name.slice(0, at) + name.slice(at + 1), known) === name),
    );
  });

  it("hangs the suggestion on a message, or nothing", () => {
    expect(didYouMean("audiense", known, "--")).to.equal(" (did you mean --audience?)");
    expect(didYouMean("zzz", known)).to.equal("");
  });
});
