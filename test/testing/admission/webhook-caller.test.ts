import { expect } from "chai";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import { startControlPlane } from "../../../src/testing/control-plane.ts";
import type { ControlPlaneOptions } from "../../../src/testing/control-plane-options.ts";
import { object, partsOf } from "../../contract/objects.ts";
import { type ApiClient, createApiClient } from "../../rig/api-client.ts";
import {
  type CapturingWebhook,
  startCapturingWebhook,
  type WebhookCall,
} from "../../rig/capturing-webhook.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const { certificatePem, keyPem } = createCertificateAuthority().issue({ commonName: "control-plane" });
const configurations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const path = "/kep-2510";

/** What the API server's webhook kubeconfig has for every webhook. */
const admissionKubeconfig = JSON.stringify({
  users: [
    {
      name: "*",
      user: {
        token: "t0ken-of-the-kubeconfig",
        "client-certificate-data": base64(certificatePem),
        "client-key-data": base64(keyPem),
      },
    },
  ],
});

describe("the embedded control plane as a webhook client", () => {
  let webhook: CapturingWebhook;
  const stops: (() => unknown)[] = [];
  before(async () => {
    webhook = await startCapturingWebhook();
  });
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });
  after(() => webhook.close());

  async function start(options: ControlPlaneOptions): Promise<ApiClient> {
    const controlPlane = await startControlPlane({ admissionKubeconfig, ...options });
    stops.push(() => controlPlane.stop());
    const { url, caPem, adminToken: token } = controlPlane;
    const admin = createApiClient({ url, caPem, token });
    stops.push(() => admin.close());
    return admin;
  }
  /** Registers the webhook, with the field or without, and sees it stored so; it fails closed. */
  async function register(admin: ApiClient, asks: boolean): Promise<void> {
    const clientConfig = {
      url: `https://localhost:${webhook.port}${path}`,
      caBundle: webhook.caBundle,
      ...(asks ? { authenticationSource: { tokenRequest: {} } } : {}),
    };
    const rules = [{ apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["configmaps"] }];
    const hook = { name: "a.example.com", clientConfig, rules, failurePolicy: "Fail" };
    const webhooks = [{ ...hook, sideEffects: "None", admissionReviewVersions: ["v1"] }];
    const answer = await admin.post(configurations, { metadata: { name: "hooks" }, webhooks });
    const [stored] = object<{ webhooks: { clientConfig: object }[] }>(answer).webhooks;
    expect("authenticationSource" in stored!.clientConfig).to.equal(asks);
  }
  const create = (admin: ApiClient) =>
    admin.post("/api/v1/namespaces/default/configmaps", { metadata: { generateName: "c-" } });
  const lastCall = (): WebhookCall => webhook.calls(path).at(-1)!;
  const webhookAuthentication = { webhooks: "authenticationSource" } as const;

  it("presents what its kubeconfig says where a webhook does not ask for a token", async () => {
    const admin = await start({ webhookAuthentication });
    await register(admin, false);
    object(await create(admin));
    expect(lastCall().headers.authorization).to.equal("Bearer t0ken-of-the-kubeconfig");
    expect(lastCall().certificateName).to.equal("control-plane");
  });

  it("presents the token that a webhook asks for, and the kubeconfig's certificate with it", async () => {
    const admin = await start({ webhookAuthentication });
    await register(admin, true);
    object(await create(admin));
    const { claims } = partsOf(lastCall().headers.authorization!.slice("Bearer ".length));
    expect(claims).to.deep.include({ aud: [`https://localhost:${webhook.port}${path}`] });
    expect(lastCall().certificateName).to.equal("control-plane");
  });

  it("presents no bearer where no token can be had, never the kubeconfig's", async () => {
    const admin = await start({ webhookAuthentication, webhookTokens: false });
    await register(admin, true);
    object(await create(admin));
    expect(lastCall().headers).to.not.have.property("authorization");
    expect(lastCall().certificateName).to.equal("control-plane");
  });

  it("where it is strict does not call without the token, and the failurePolicy decides", async () => {
    const strict = { ...webhookAuthentication, strict: true };
    const admin = await start({ webhookAuthentication: strict, webhookTokens: false });
    await register(admin, true);
    const before = webhook.calls(path).length;
    const { status, body } = await create(admin);
    expect(status).to.equal(500);
    expect(JSON.stringify(body)).to.include("no token could be requested");
    expect(webhook.calls(path)).to.have.length(before);
  });
});
