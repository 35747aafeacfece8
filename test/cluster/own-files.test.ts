import { expect } from "chai";
import { poll } from "../rig/poll.ts";
import { type OwnCertificate, provideCertificate } from "./certificate.ts";
import { releaseNamespace } from "./helm.ts";
import { endsAtOnce, install, prepareNamespaces, serverPods, uninstall } from "./installation.ts";
import { configMap, labelDenial, labelPolicyValue, policiesConfigMap } from "./policy-objects.ts";
import { serverMetric } from "./server-records.ts";
import { describeOnNode } from "./shared-node.ts";

const propagationMs = 110_000;

describeOnNode("policies of one's own from a ConfigMap, and a certificate from a Secret", (node) => {
  let certificate: OwnCertificate;
  const deny = async (): Promise<string> => {
    const { stderr } = await node().cluster.kubectl(
      ["create", "-f", "-"],
      JSON.stringify(configMap("nobodys")),
    );
    return stderr;
  };

  before(async () => {
    await prepareNamespaces(node());
    certificate = await provideCertificate(node());
    await install(node(), { policies: [labelPolicyValue], tls: certificate.tls, server: endsAtOnce });
  });
  after(() => uninstall(node()));

  it("deny what kubectl creates, with the policy's message", async () => {
    expect(await deny()).to.contain(`denied the request: ${labelDenial}`);
  });

  it("admit what they have nothing against", async () => {
    await node().kubectl(["create", "-f", "-"], configMap("ours", { owner: "us" }));
  });

  for (const edition of ["second", "third"])
    it(`judge by the ${edition} edition once the kubelet has brought it, in the same pods`, async () => {
      const before = await runs();
      await node().kubectl(
        ["apply", "-f", "-"],
        policiesConfigMap(releaseNamespace, `${edition}: ${labelDenial}`),
      );
      // one of two servers may be behind the other
      await poll(
        `ten denials of the ${edition} edition on end`,
        async () => {
          for (let count = 0; count < 10; count++)
            if (!(await deny()).includes(`${edition}: ${labelDenial}`)) return undefined;
          return true;
        },
        { timeoutMs: propagationMs, intervalMs: 500 },
      );
      expect(await runs()).to.deep.equal(before);
    });

  it("are served with the renewed certificate once the kubelet has brought it, in the same pods", async () => {
    const before = await runs();
    const endsAt = await certificate.renew();
    await poll(
      "both servers to show the renewed certificate",
      async () =>
        (await serverMetric(node(), "countersign_certificate_expiry_timestamp_seconds")) === 2 * endsAt ||
        undefined,
      { timeoutMs: propagationMs, intervalMs: 500 },
    );
    expect(await deny()).to.contain(labelDenial);
    expect(await runs()).to.deep.equal(before);
  });

  /** Which pods there are, and how often each of their containers was started. */
  async function runs(): Promise<readonly string[]> {
    return (await serverPods(node())).map(
      ({ metadata, status }) => `${metadata.uid} ${status.containerStatuses?.map((one) => one.restartCount)}`,
    );
  }
});
