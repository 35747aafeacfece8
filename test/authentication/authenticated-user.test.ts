import { expect } from "chai";
import { authenticatedUser } from "../../src/authentication/authenticated-user.ts";

describe("authenticatedUser", () => {
  it("puts whoever is known into system:authenticated, behind the groups of her own", () => {
    expect(authenticatedUser({ username: "jane", groups: ["dev"] }).groups).to.deep.equal([
      "dev",
      "system:authenticated",
    ]);
    expect(authenticatedUser({ username: "jane" }).groups).to.deep.equal(["system:authenticated"]);
  });

  for (const told of ["system:authenticated", "system:unauthenticated"])
    it(`believes a proxy that says ${told}`, () => {
      const user = { username: "jane", groups: [told] };
      expect(authenticatedUser(user)).to.equal(user);
    });

  it("leaves nobody out of it, whatever groups nobody comes with", () => {
    const user = { username: "system:anonymous", groups: ["dev"] };
    expect(authenticatedUser(user)).to.equal(user);
  });

  it("keeps uid and extra", () => {
    const user = { username: "jane", uid: "7", extra: { scope: ["a"] } };
    expect(authenticatedUser(user)).to.deep.equal({ ...user, groups: ["system:authenticated"] });
  });
});
