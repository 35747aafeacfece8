import { expect } from "chai";
import { poll } from "../rig/poll.ts";
import { type AdmissionLoad, startAdmissionLoad, untilJudged } from "./admission-load.ts";
import { release, releaseNamespace } from "./helm.ts";
import { install, prepareNamespaces, uninstall } from "./installation.ts";
import { podLoad, registriesValue } from "./policy-objects.ts";
import { describeOnNode } from "./shared-node.ts";

interface Configuration {
  readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
}

describeOnNode("certificates that live for seconds", (node) => {
  let load: AdmissionLoad;

  before(async () => {
    await prepareNamespaces(node());
    await install(node(), {
      policies: [{ ...registriesValue, failurePolicy: "Fail" }],
      // a CA is replaced ten seconds after it was made
      tls: { selfSigned: { caValidity: "60s", certificateValidity: "60s", renewBefore: "50s" } },
    });
    await untilJudged({ ...podLoad, api: node().api });
    load = startAdmissionLoad({ ...podLoad, api: node().api });
  });
  after(async () => {
    await load?.stop();
    await uninstall(node());
  });

  it("are replaced with their CA, over and over, and no admission fails meanwhile", async () => {
    const authorities = new Set<string>();
    const certificates = new Set<string>();
    await poll(
      "the third CA to sign",
      async () => {
        for (const authority of await bundle()) authorities.add(authority);
        certificates.add(await secret());
        return authorities.size >= 4 || undefined;
      },
      { timeoutMs: 110_000, intervalMs: 500 },
    );
    await load.stop();
    expect(load.failures.slice(0, 5), `of ${load.total}`).to.deep.equal([]);
    expect(load.total).to.be.greaterThan(20);
    expect(certificates.size).to.be.greaterThan(2);
  });

  async function bundle(): Promise<readonly string[]> {
    const text = await node().kubectl(["get", "validatingwebhookconfiguration", release, "--output=json"]);
    const { webhooks } = JSON.parse(text) as Configuration;
    const pem = Buffer.from(webhooks[0]?.clientConfig.caBundle ?? "", "base64").toString();
    return pem.split(/(?=-----BEGIN CERTIFICATE-----)/);
  }

  async function secret(): Promise<string> {
    const kept = ["get", "secret", `${release}-tls`, `--namespace=${releaseNamespace}`];
    return node().kubectl([...kept, "--output=jsonpath={.data}"]);
  }
});
