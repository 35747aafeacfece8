import { expect } from "chai";
import { assertNodeScope } from "../../src/kubelet/node-scope.ts";

describe("a node's scope", () => {
  const nodes = ["system:nodes", "system:authenticated"];

  it("is itself", () => {
    assertNodeScope({ username: "system:node:n1", groups: nodes }, "n1");
  });

  it("is no other node, whatever else it is a member of", () => {
    for (const groups of [nodes, [...nodes, "system:masters"]])
      expect(() => assertNodeScope({ username: "system:node:n1", groups }, "n2"))
        .to.throw('nodes "n2" is forbidden: User "system:node:n1" is a node and reaches its own kubelet only')
        .with.property("answer")
        .that.deep.includes({ code: 403, reason: "Forbidden", details: { name: "n2", kind: "nodes" } });
  });

  it("is nothing for who has half of what makes a node", () => {
    for (const user of [
      { username: "system:node:n1", groups: [] },
      { username: "system:node:n1" },
      { username: "system:node:", groups: nodes },
      { username: "system:node:n1x", groups: nodes },
      { username: "somebody", groups: nodes },
      { username: "", groups: nodes },
    ])
      expect(() => assertNodeScope(user, "n2"), JSON.stringify(user)).to.throw("is forbidden");
    expect(() => assertNodeScope({ username: "n1", groups: nodes }, "n1")).to.throw("is forbidden");
    expect(() => assertNodeScope({ username: "system:node:", groups: nodes }, "n1")).to.throw("is forbidden");
  });

  it("is no limit for anybody else", () => {
    for (const user of [
      { username: "jane", groups: ["system:authenticated"] },
      { username: "system:serviceaccount:system:node:n1", groups: ["system:serviceaccounts"] },
      { username: "system:nodes" },
    ])
      assertNodeScope(user, "n1");
  });
});
