import { expect } from "chai";
import { createImpersonation } from "../../../src/authorization/impersonation.ts";
import { withoutNodes } from "../../../src/server/gateway/node-impersonation.ts";
import { rejectionOf } from "../../rejection.ts";

describe("impersonation at a gateway", () => {
  const { impersonate } = withoutNodes(
    createImpersonation({ authorizer: { authorize: () => ({ decision: "allow", reason: "" }) } }),
  );

  for (const user of [
    { username: "system:node:n1", groups: ["system:nodes"] },
    { username: "system:node:n1" },
    { username: "jane", groups: ["system:nodes"] },
  ])
    it(`is nothing for ${user.username} of ${user.groups ?? "no group"}, whatever it was granted`, async () => {
      for (const name of ["admin", "system:node:n2", user.username]) {
        const error = await rejectionOf(impersonate(user, ["Impersonate-User", name]));
        expect(error.code).to.equal("ERR_IMPERSONATION");
        expect(error.message).to.contain("as nobody else");
      }
      expect(await impersonate(user, ["Accept", "*/*"])).to.equal(user);
    });

  it("lets who may be a node, which reaches then what that node does", async () => {
    const impersonated = await impersonate({ username: "jane" }, ["Impersonate-User", "system:node:n2"]);
    expect(impersonated).to.include({ username: "system:node:n2" });
  });
});
