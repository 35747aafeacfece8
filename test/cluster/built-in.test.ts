import { expect } from "chai";
import { untilJudged } from "./admission-load.ts";
import { endsAtOnce, install, prepareNamespaces, uninstall } from "./installation.ts";
import { pod, podLoad, registriesValue, strange, trusted } from "./policy-objects.ts";
import { describeOnNode } from "./shared-node.ts";

describeOnNode("the built-in policy, by one value", (node) => {
  before(async () => {
    await prepareNamespaces(node());
    await install(node(), { policies: [registriesValue], server: endsAtOnce });
    await untilJudged({ ...podLoad, api: node().api });
  });
  after(() => uninstall(node()));

  it("admits a Pod whose images come from a registry that is trusted", async () => {
    await node().kubectl(["create", "-f", "-"], pod("trusted", trusted));
  });

  it("denies kubectl any other, and says which image", async () => {
    const denied = await node().cluster.kubectl(
      ["create", "-f", "-"],
      JSON.stringify(pod("strange", strange)),
    );
    expect(denied.stderr).to.contain("denied the request").and.to.contain(strange);
    expect(denied.code).to.equal(1);
  });
});
