import { expect } from "chai";
import { poll } from "../rig/poll.ts";
import { release, releaseNamespace } from "./helm.ts";
import { endsAtOnce, install, prepareNamespaces, uninstall, type Values } from "./installation.ts";
import { configMap, labelDenial, labelPolicyValue } from "./policy-objects.ts";
import { serverLog, serverMetric } from "./server-records.ts";
import { describeOnNode } from "./shared-node.ts";
import { presentTokens, showNothing } from "./token-presentation.ts";

const path = "/validate/owner-named";
const caller = `system:serviceaccount:${releaseNamespace}:${release}-agent`;

/** As docs/kube-apiserver/webhooks-token-files.kubeconfig, for the first policy's port. */
const tokenFilesKubeconfig = JSON.stringify({
  apiVersion: "v1",
  kind: "Config",
  users: [
    {
      name: `${release}.${releaseNamespace}.svc:444`,
      user: { tokenFile: `/run/countersign/tokens/${release}-444` },
    },
  ],
});

describeOnNode("an API server that can prove who it is", (node) => {
  let values: Values;
  const create = (name: string, labels: Readonly<Record<string, string>> = { owner: "us" }) =>
    node().cluster.kubectl(["create", "-f", "-"], JSON.stringify(configMap(name, labels)));
  const counted = (labels: Readonly<Record<string, string>>) =>
    serverMetric(node(), "countersign_authentication_total", { path, ...labels });

  before(async () => {
    await prepareNamespaces(node(), "privileged");
    await showNothing(node(), true);
    values = {
      policies: [labelPolicyValue],
      agent: { enabled: true },
      server: { ...endsAtOnce, logLevel: "debug" },
    };
  });
  after(() => uninstall(node()));

  describe("in mode observe", () => {
    let notes: string;
    before(async () => {
      notes = await install(node(), values);
    });

    it("is heard without proof, which is counted and logged as what enforcing would refuse", async () => {
      const created = await create("unproven");
      expect(created.code, created.stderr).to.equal(0);
      const line = await poll("the caller that would be refused, in the log", async () =>
        (await serverLog(node())).find((one) => one.path === path && one.outcome === "wouldRefuse"),
      );
      expect(line).to.include({ mode: "observe", code: "ERR_CREDENTIALS_MISSING" });
      expect(await counted({ result: "would_refuse", code: "ERR_CREDENTIALS_MISSING" })).to.be.greaterThan(0);
    });

    it("proves it by the agent's tokens, set up as the notes say, and is then counted by its name", async () => {
      await presentTokens(node(), notes);
      const line = await poll("the caller in the log", async () => {
        await create(`proven-${Date.now()}`);
        return (await serverLog(node())).find((one) => one.path === path && one.caller === caller);
      });
      expect(line).to.include({ mode: "observe" });
      expect(
        await counted({ result: "accepted", caller: `${releaseNamespace}/${release}-agent` }),
      ).to.be.greaterThan(0);
    });
  });

  describe("in mode enforce", () => {
    before(() => install(node(), { ...values, mode: "enforce" }));

    it("is heard with proof", async () => {
      const created = await create("enforced");
      expect(created.code, created.stderr).to.equal(0);
      const denied = await create("enforced-nobodys", {});
      expect(denied.stderr).to.contain(labelDenial);
    });

    it("is refused without", async () => {
      await showNothing(node(), true);
      const refused = await create("refused");
      expect(refused.stderr).to.contain("denied the request");
      expect(refused.code).to.equal(1);
      expect(await counted({ result: "refused", code: "ERR_CREDENTIALS_MISSING" })).to.be.greaterThan(0);
    });

    it("is heard by token files, without any plugin", async () => {
      const notes = await install(node(), {
        ...values,
        mode: "enforce",
        agent: { enabled: true, tokenFiles: { enabled: true } },
      });
      await presentTokens(node(), notes, tokenFilesKubeconfig);
      const created = await create("by-token-file");
      expect(created.code, created.stderr).to.equal(0);
    });
  });
});
