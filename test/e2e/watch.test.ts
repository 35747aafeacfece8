import { expect } from "chai";
import type { WebhookConfiguration } from "../../src/apis/admissionregistration.ts";
import { Secret } from "../../src/secret.ts";
import { createRestClient, type RestClient } from "../../src/transport/rest-client.ts";
import { watchWebhookConfigurations } from "../../src/webhook/sources/watch-webhook-configurations.ts";
import type { LiveWebhookConfigurationSource } from "../../src/webhook/sources/webhook-configuration-source.ts";
import { poll } from "../rig/poll.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { describeWith } from "./requirements.ts";

const group = "/apis/admissionregistration.k8s.io/v1";
const annotation = "countersign.dev/authentication-source";
const webhook = {
  name: "v.example.com",
  clientConfig: { url: "https://h.example/v" },
  rules: [{ operations: ["CREATE"], apiGroups: ["example.com"], apiVersions: ["v1"], resources: ["things"] }],
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
};

await describeWith(["kube-apiserver 1.37"], "the webhook configurations of a kube-apiserver 1.37", () => {
  let controlPlane: RealControlPlane;
  let client: RestClient;
  let source: LiveWebhookConfigurationSource;
  before(async () => {
    controlPlane = await startRealControlPlane({});
    client = clientFor();
    source = watchWebhookConfigurations({ client });
    await source.ready(AbortSignal.timeout(60_000));
  });
  after(async () => {
    source?.close();
    client?.close();
    await controlPlane?.stop();
  });

  function clientFor(): RestClient {
    const token = {
      token: new Secret(controlPlane.adminToken),
      requestedAt: 0,
      expiresAt: Number.MAX_SAFE_INTEGER,
    };
    const { url: server, caPem: ca } = controlPlane;
    return createRestClient({ server, ca, token: { token: async () => token } });
  }
  const pathOf = (name: string): string => `${group}/validatingwebhookconfigurations/${name}`;
  const create = (name: string, kind = "validating", metadata: object = {}): Promise<unknown> =>
    client.request({
      path: `${group}/${kind}webhookconfigurations`,
      body: { metadata: { name, ...metadata }, webhooks: [webhook] },
    });
  const remove = (name: string): Promise<unknown> => client.request({ method: "DELETE", path: pathOf(name) });
  const named = (name: string): WebhookConfiguration | undefined =>
    source.configurations().find(({ metadata }) => metadata.name === name);
  const seen = (what: string, condition: () => unknown): Promise<unknown> =>
    poll(what, async () => condition() || undefined, { timeoutMs: 60_000, intervalMs: 20 });

  it("are seen when they are created, changed and deleted, defaults filled in", async () => {
    await create("changing");
    await create("mutating", "mutating");
    await seen("both", () => named("changing") && named("mutating"));
    expect(source.configurations().map(({ kind }) => kind)).to.deep.equal([
      "ValidatingWebhookConfiguration",
      "MutatingWebhookConfiguration",
    ]);
    expect(named("changing")?.webhooks?.[0]).to.include({ failurePolicy: "Fail", matchPolicy: "Equivalent" });
    const before = named("mutating");
    const { body } = await client.request<WebhookConfiguration>({ path: pathOf("changing") });
    const metadata = { ...body.metadata, labels: { changed: "yes" } };
    await client.request({ method: "PUT", path: pathOf("changing"), body: { ...body, metadata } });
    await seen("the change", () => named("changing")?.metadata.labels?.changed === "yes");
    expect(named("mutating")).to.equal(before);
    await remove("changing");
    await seen("the deletion", () => named("changing") === undefined);
  });

  it("are new ones when they were deleted and created again", async () => {
    await create("again");
    await seen("it", () => named("again"));
    const old = named("again")?.metadata.uid;
    await remove("again");
    await create("again");
    await seen("the new one", () => ![undefined, old].includes(named("again")?.metadata.uid));
  });

  it("say by annotation what this server drops of KEP-2510", async () => {
    const annotations = { [annotation]: '{"v.example.com":{"tokenRequest":{}}}' };
    await create("annotated", "validating", { annotations });
    await seen("it", () => named("annotated"));
    expect(named("annotated")?.webhooks?.[0]?.clientConfig.authenticationSource).to.deep.equal({
      tokenRequest: {},
    });
  });

  it("are followed across its restart, kept meanwhile, and waited for by whoever starts before it", async () => {
    await create("kept");
    await seen("it", () => named("kept"));
    const [kept, known] = [named("kept"), source.configurations().length];
    const restarting = controlPlane.restart({});
    const early = watchWebhookConfigurations({ client });
    try {
      expect(source.configurations()).to.have.lengthOf(known);
      await restarting;
      await create("later");
      await seen("what was created after the restart", () => named("later"));
      expect(named("kept")).to.equal(kept);
      await early.ready(AbortSignal.timeout(60_000));
      await seen("the same by both", () => early.configurations().length === known + 1);
      expect(early.configurations()).to.deep.equal(source.configurations());
    } finally {
      await restarting;
      early.close();
    }
  });
});
