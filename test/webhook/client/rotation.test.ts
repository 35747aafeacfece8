import { expect } from "chai";
import { parseKubeconfig } from "../../../src/kubeconfig/parse-kubeconfig.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import {
  createAuthenticationInfoResolver,
  type WebhookTarget,
} from "../../../src/webhook/client/authentication-info-resolver.ts";
import { createWebhookClient, type WebhookClient } from "../../../src/webhook/client/webhook-client.ts";
import { rejectionOf } from "../../rejection.ts";
import { type CapturingWebhook, startCapturingWebhook } from "../../rig/capturing-webhook.ts";

const authority = createCertificateAuthority();
const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("rotation seen from the webhook client", () => {
  let webhook: CapturingWebhook;
  let client: WebhookClient;
  const reloading = { current: kubeconfigOf("one") };
  before(async () => {
    webhook = await startCapturingWebhook();
    client = createWebhookClient({ resolver: createAuthenticationInfoResolver({ kubeconfig: reloading }) });
  });
  after(async () => {
    client.close();
    await webhook.close();
  });

  function kubeconfigOf(commonName: string) {
    const { certificatePem, keyPem } = authority.issue({ commonName });
    const user = {
      "client-certificate-data": base64(certificatePem),
      "client-key-data": base64(keyPem),
    };
    return parseKubeconfig(JSON.stringify({ users: [{ name: "*", user }] }), "/kubeconfig");
  }
  const targetOf = (caBundle: string): WebhookTarget => ({
    kind: "ValidatingWebhookConfiguration",
    configuration: { name: "c", uid: "u" },
    webhook: {
      name: "a.example.com",
      clientConfig: { url: `https://localhost:${webhook.port}/rotation`, caBundle },
      admissionReviewVersions: ["v1"],
    },
    apiGroup: "apps",
  });
  const review = { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", request: { uid: "u" } };

  it("of the webhook's certificate and caBundle: the next call uses the new one, and the old is trusted no more", async () => {
    const before = targetOf(webhook.caBundle);
    expect((await client.call(before, review)).httpStatus).to.equal(200);
    const after = targetOf(webhook.rotate());
    expect((await client.call(after, review)).httpStatus).to.equal(200);
    expect((await rejectionOf(client.call(before, review))).message).to.match(/not signed by a CA we trust/);
    expect((await client.call(after, review)).httpStatus).to.equal(200);
  });

  it("of the client certificate: the next call presents the new one", async () => {
    const target = targetOf(webhook.caBundle);
    for (const name of ["two", "three"]) {
      reloading.current = kubeconfigOf(name);
      await client.call(target, review);
      expect(webhook.calls("/rotation").at(-1)?.certificateName).to.equal(name);
    }
  });
});
