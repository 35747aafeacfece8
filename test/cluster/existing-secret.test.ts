import { expect } from "chai";
import { provideCertificate } from "./certificate.ts";
import { install, prepareNamespaces, uninstall } from "./installation.ts";
import { configMap, labelDenial, labelPolicyValue } from "./policy-objects.ts";
import { describeOnNode } from "./shared-node.ts";

describeOnNode("with a certificate of somebody else's", (node) => {
  before(async () => {
    await prepareNamespaces(node());
    await install(node(), { policies: [labelPolicyValue], tls: await provideCertificate(node()) });
  });
  after(() => uninstall(node()));

  it("a policy from a ConfigMap denies what kubectl creates, with its message", async () => {
    const denied = await node().cluster.kubectl(["create", "-f", "-"], JSON.stringify(configMap("nobodys")));
    expect(denied.stderr).to.contain(`denied the request: ${labelDenial}`);
    expect(denied.code).to.equal(1);
  });

  it("and admits what it has nothing against", async () => {
    await node().kubectl(["create", "-f", "-"], configMap("ours", { owner: "us" }));
  });
});
