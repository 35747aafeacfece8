import { expect } from "chai";
import type { WebhookConfiguration } from "../../../src/apis/admissionregistration.ts";
import { Secret } from "../../../src/secret.ts";
import { type ControlPlane, startControlPlane } from "../../../src/testing/control-plane.ts";
import { createRestClient, type RestClient } from "../../../src/transport/rest-client.ts";
import { faultOf } from "../../../src/webhook/sources/configuration-faults.ts";
import { watchWebhookConfigurations } from "../../../src/webhook/sources/watch-webhook-configurations.ts";
import type { LiveWebhookConfigurationSource } from "../../../src/webhook/sources/webhook-configuration-source.ts";
import { poll } from "../../rig/poll.ts";
import { startTcpRelay, type TcpRelay } from "../../tcp-relay.ts";

const group = "/apis/admissionregistration.k8s.io/v1";
const annotation = "countersign.dev/authentication-source";

const webhook = (name = "v.example.com") => ({
  name,
  clientConfig: { url: "https://h.example/v" },
  rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }],
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
});

describe("watchWebhookConfigurations", () => {
  let controlPlane: ControlPlane;
  let relay: TcpRelay;
  let admin: RestClient;
  let watched: RestClient;
  let source: LiveWebhookConfigurationSource;
  before(async () => {
    controlPlane = await startControlPlane();
    relay = await startTcpRelay(controlPlane.port);
    admin = clientFor(controlPlane.url);
    watched = clientFor(relay.url);
  });
  after(async () => {
    admin.close();
    watched.close();
    await relay.stop();
    await controlPlane.stop();
  });
  afterEach(async () => {
    source.close();
    for (const resource of ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"])
      await admin.request({ method: "DELETE", path: `${group}/${resource}` });
  });

  function clientFor(server: string): RestClient {
    const token = {
      token: new Secret(controlPlane.adminToken),
      requestedAt: 0,
      expiresAt: Number.MAX_SAFE_INTEGER,
    };
    return createRestClient({ server, ca: controlPlane.caPem, token: { token: async () => token } });
  }
  const start = async (kinds?: WebhookConfiguration["kind"][]): Promise<void> => {
    // without jitter the pause after a cut is the shortest there is
    const clock = { now: () => performance.now(), random: () => 0 };
    source = watchWebhookConfigurations({ client: watched, clock, ...(kinds && { kinds }) });
    await source.ready(AbortSignal.timeout(20_000));
  };
  const create = (name: string, kind = "validating", metadata: object = {}): Promise<unknown> =>
    admin.request({
      path: `${group}/${kind}webhookconfigurations`,
      body: { metadata: { name, ...metadata }, webhooks: [webhook()] },
    });
  const remove = (name: string, kind = "validating"): Promise<unknown> =>
    admin.request({ method: "DELETE", path: `${group}/${kind}webhookconfigurations/${name}` });
  const annotate = async (name: string, annotations: object): Promise<void> => {
    const path = `${group}/validatingwebhookconfigurations/${name}`;
    const { body } = await admin.request<{ metadata: object }>({ path });
    await admin.request({
      method: "PUT",
      path,
      body: { ...body, metadata: { ...body.metadata, annotations } },
    });
  };
  const names = (): string =>
    source
      .configurations()
      .map(({ metadata }) => metadata.name)
      .join(" ");
  const named = (name: string): WebhookConfiguration | undefined =>
    source.configurations().find(({ metadata }) => metadata.name === name);
  const seen = (condition: () => unknown, what: string): Promise<unknown> =>
    poll(what, async () => condition() || undefined, { timeoutMs: 8_000, intervalMs: 5 });

  it("shows validating configurations before mutating ones, each by name in byte order", async () => {
    for (const name of ["b", "a-1", "a.1", "a"]) await create(name);
    for (const name of ["c", "a"]) await create(name, "mutating");
    await start();
    expect(names()).to.equal("a a-1 a.1 b a c");
    expect(source.configurations().map(({ kind }) => kind[0])).to.deep.equal([..."VVVVMM"]);
    expect(new Set(source.configurations().map(({ apiVersion }) => apiVersion))).to.deep.equal(
      new Set(["admissionregistration.k8s.io/v1"]),
    );
  });

  it("watches one kind alone where it is told so", async () => {
    await create("a");
    await create("m", "mutating");
    await start(["MutatingWebhookConfiguration"]);
    expect(names()).to.equal("m");
  });

  it("sees what is created, changed and deleted, and tells of it once it shows it", async () => {
    await start();
    const shown: string[] = [];
    const stop = source.onChange(() => void shown.push(names()));
    await create("b");
    await seen(() => names() === "b", "b to be seen");
    await create("a", "mutating");
    await seen(() => names() === "b a", "a to be seen");
    await annotate("b", { x: "1" });
    await seen(() => named("b")?.metadata.annotations?.x === "1", "the change to be seen");
    await remove("b");
    await seen(() => names() === "a", "b to be gone");
    expect(shown).to.deep.equal(["b", "b a", "b a", "a"]);
    stop();
    await create("c");
    await seen(() => names() === "c a", "c to be seen");
    expect(shown).to.have.lengthOf(4);
  });

  it("takes a configuration that was deleted and created again for a new one", async () => {
    await create("a");
    await start();
    const old = named("a");
    await remove("a");
    await create("a");
    await seen(() => named("a") && named("a") !== old, "the new one to be seen");
    expect(named("a")?.metadata.uid).to.not.equal(old?.metadata.uid);
  });

  it("gives the same array while nothing changes, and the same object while that one does not", async () => {
    await create("a");
    await create("b");
    await start();
    const before = source.configurations();
    expect(source.configurations()).to.equal(before);
    await create("c");
    await seen(() => names() === "a b c", "c to be seen");
    expect(source.configurations()).to.not.equal(before);
    expect(source.configurations().slice(0, 2)).to.have.ordered.members(before);
    expect(source.configurations()[0]).to.equal(before[0]);
  });

  it("cannot be changed by whoever reads it", async () => {
    await create("a");
    await start();
    const [configuration] = source.configurations();
    expect(source.configurations()).to.be.frozen;
    expect(configuration).to.be.frozen;
    expect(configuration?.webhooks?.[0]?.clientConfig).to.be.frozen;
  });

  it("takes the watch up where it was cut, and misses nothing", async () => {
    await start();
    relay.cut();
    await create("a");
    await seen(() => names() === "a", "a to be seen");
  });

  it("reads everything anew when the API server comes back and has forgotten what happened meanwhile", async () => {
    await create("a");
    await create("gone");
    await start();
    const [a] = source.configurations();
    await relay.stop();
    await create("b");
    await remove("gone");
    expect(names()).to.equal("a gone");
    controlPlane.forgetHistory();
    await relay.start();
    await seen(() => names() === "a b", "b to be seen");
    expect(source.configurations()[0]).to.equal(a);
    await create("c");
    await seen(() => names() === "a b c", "c to be seen");
  });

  it("is not ready before the API server is, throws until then, and is ready by itself", async () => {
    await relay.stop();
    source = watchWebhookConfigurations({ client: watched });
    expect(source.synced).to.equal(false);
    expect(() => source.configurations())
      .to.throw(
        /^not yet ready to handle request: the webhook configurations of https:.* have not been listed yet/,
      )
      .that.includes({ code: "ERR_WEBHOOKS_NOT_SYNCED", status: 403 });
    const reason = await source.ready(AbortSignal.timeout(20)).catch((error: unknown) => error);
    expect(reason).to.be.instanceOf(DOMException).and.include({ name: "TimeoutError" });
    await seen(() => notReady()?.cause !== undefined, "an attempt to have failed");
    expect(notReady()?.message).to.match(/the connection was refused/);
    await relay.start();
    await source.ready();
    expect(source.synced).to.equal(true);
    expect(source.configurations()).to.deep.equal([]);
  });

  const notReady = (): Error | undefined => {
    try {
      source.configurations();
      return undefined;
    } catch (error) {
      return error as Error;
    }
  };

  it("rejects who still waits when it is closed", async () => {
    await relay.stop();
    source = watchWebhookConfigurations({ client: watched });
    const waiting = source.ready().catch((error: unknown) => error);
    source.close();
    expect(await waiting).to.include({ code: "ERR_WEBHOOKS_NOT_SYNCED" });
    await relay.start();
  });

  it("keeps what it read when it is closed", async () => {
    await create("a");
    await start();
    source.close();
    expect(names()).to.equal("a");
  });

  it("sets what the annotation asks for", async () => {
    await create("a", "validating", {
      annotations: { [annotation]: '{"v.example.com":{"tokenRequest":{}}}' },
    });
    await create("b");
    await start();
    const sources = source
      .configurations()
      .map(({ webhooks }) => webhooks?.[0]?.clientConfig.authenticationSource);
    expect(sources).to.deep.equal([{ tokenRequest: {} }, undefined]);
  });

  it("holds a wrong annotation against that configuration's webhooks alone, until it is right", async () => {
    await create("a");
    await create("b");
    await start();
    await annotate("a", { [annotation]: '{"w.example.com":{"tokenRequest":{}}}' });
    await seen(() => faultOf(named("a")!.webhooks![0]!), "the fault to be seen");
    expect(faultOf(named("a")!.webhooks![0]!)).to.include({ code: "ERR_CONFIGURATION" });
    expect(faultOf(named("b")!.webhooks![0]!)).to.equal(undefined);
    await annotate("a", { [annotation]: '{"v.example.com":{"tokenRequest":{}}}' });
    await seen(() => faultOf(named("a")!.webhooks![0]!) === undefined, "the cure to be seen");
  });
});
