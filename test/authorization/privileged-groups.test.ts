import { expect } from "chai";
import { createPrivilegedGroupsAuthorizer } from "../../src/authorization/privileged-groups.ts";

describe("createPrivilegedGroupsAuthorizer", () => {
  const judge = async (groups: readonly string[] | undefined, privileged: readonly string[] = ["a", "b"]) =>
    (
      await createPrivilegedGroupsAuthorizer(privileged).authorize({
        user: { username: "a", ...(groups && { groups }) },
        resource: { verb: "delete", resource: "nodes" },
      })
    ).decision;

  it("allows everything to whoever is in one of them", async () => {
    expect(await judge(["x", "b"])).to.equal("allow");
  });

  for (const groups of [undefined, [], ["x"], ["A"], ["a,b"], ["a "], [""]])
    it(`has no opinion on ${JSON.stringify(groups)}`, async () => {
      expect(await judge(groups)).to.equal("noOpinion");
    });

  it("without any, allows nobody", async () => {
    expect(await judge(["a"], [])).to.equal("noOpinion");
  });
});
