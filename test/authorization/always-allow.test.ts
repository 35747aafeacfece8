import { expect } from "chai";
import { createAlwaysAllowAuthorizer } from "../../src/authorization/always-allow.ts";

describe("createAlwaysAllowAuthorizer", () => {
  it("allows whoever it is whatever it is, without a promise", () => {
    const authorizer = createAlwaysAllowAuthorizer();
    for (const attributes of [
      { user: { username: "system:anonymous" }, resource: { verb: "delete", resource: "nodes" } },
      { user: { username: "" }, nonResource: { verb: "get", path: "/" } },
    ])
      expect(authorizer.authorize(attributes)).to.deep.equal({ decision: "allow", reason: "" });
  });
});
