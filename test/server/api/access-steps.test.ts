import { expect } from "chai";
import { accessSteps, known } from "../../../src/server/api/access-steps.ts";

describe("access steps", () => {
  it("come in an API server's order, and authorize last", () => {
    expect(accessSteps.map(({ name }) => name)).to.deep.equal([
      "plain path",
      "authenticate",
      "warn",
      "strip credentials",
      "impersonate",
      "request info",
      "authorize",
    ]);
  });

  it("refuse where an earlier one was left out", () => {
    expect(() => known(undefined)).to.throw(TypeError, "left out");
    expect(known("found")).to.equal("found");
  });
});
