import { once } from "node:events";
import { Agent } from "node:https";
import { expect } from "chai";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import { audience, clusterIssuer, jwksOf, signingKey } from "../../authentication/minting.ts";
import { rejectionOf } from "../../rejection.ts";
import { answerJSON, startTLSServer, type TLSServer } from "../../tls-server.ts";
import { until } from "../../until.ts";
import {
  createServerFolder,
  mintNow,
  policySource,
  type RunningServer,
  type ServerFolder,
  startServer,
} from "./server-rig.ts";

describe("a reload of the configuration", () => {
  let folder: ServerFolder;
  let running: RunningServer;
  let agent: Agent;
  let api: TLSServer | undefined;
  beforeEach(async () => {
    folder = createServerFolder();
    agent = new Agent({ keepAlive: true, maxSockets: 1 });
    running = await startServer(folder);
    await until(async () => (await running.admin("/readyz")).status === 200);
  });
  afterEach(async () => {
    agent.destroy();
    await running.server.close();
    await api?.close();
    api = undefined;
    folder.remove();
  });

  const route = (changes: object = {}): object => ({
    path: "/validate",
    audiences: [audience],
    authentication: { webhookTokens: { kinds: ["ValidatingWebhookConfiguration"] } },
    policy: { file: "policy.ts" },
    ...changes,
  });
  const allowed = async (options: object = {}): Promise<boolean | undefined> =>
    (await running.post({ agent, ...options })).body.response?.allowed;
  const metric = async (pattern: RegExp): Promise<boolean> =>
    pattern.test((await running.admin("/metrics")).text);
  const sockets = (): number => Object.values(agent.freeSockets).flat().length;

  it("adds, changes and removes routes on a connection that stays open", async () => {
    folder.write("deny.ts", policySource("false"));
    expect(await allowed()).to.equal(true);
    const [socket] = Object.values(agent.freeSockets).flat();
    await running.reload({ webhooks: [route(), route({ path: "/other", policy: { file: "deny.ts" } })] });
    expect([await allowed(), await allowed({ path: "/other" })]).to.deep.equal([true, false]);
    await running.reload({ webhooks: [route({ path: "/other" })] });
    expect([await allowed(), await allowed({ path: "/other" })]).to.deep.equal([undefined, true]);
    expect(Object.values(agent.freeSockets).flat()).to.deep.equal([socket]);
  });

  it("counts modes, audiences and callers from the next review on", async () => {
    expect(await allowed({ token: "x" })).to.equal(false);
    await running.reload({
      webhooks: [
        route({
          authentication: { mode: "observe", webhookTokens: { kinds: ["ValidatingWebhookConfiguration"] } },
        }),
      ],
    });
    expect(await allowed({ token: "x" })).to.equal(true);
    await running.reload({ webhooks: [route({ audiences: ["https://elsewhere/validate"] })] });
    expect(await allowed()).to.equal(false);
    const serviceAccounts = [{ namespace: "kube-system", name: "webhook-auth" }];
    await running.reload({
      webhooks: [
        route({
          authentication: { webhookTokens: { kinds: ["ValidatingWebhookConfiguration"], serviceAccounts } },
        }),
      ],
    });
    expect(await allowed()).to.equal(true);
    expect(await metric(/result="accepted".*caller="kube-system\/webhook-auth"\} 1/)).to.equal(true);
  });

  it("answers by the new configuration at once, and what is in flight by the old one", async () => {
    folder.write(
      "slow.ts",
      policySource(
        'import("node:timers/promises").then(({ scheduler }) => scheduler.wait(300)).then(() => true)',
      ),
    );
    await running.reload({ webhooks: [route({ policy: { file: "slow.ts" } })] });
    const waiting = running.post();
    await until(() => metric(/in_flight 1/));
    await running.reload({ webhooks: [route({ path: "/other" })] });
    expect((await waiting).body.response?.allowed).to.equal(true);
  });

  it("keeps the keys of an issuer that stays, though it is away by now", async () => {
    const key = signingKey("ES256", "of-another");
    let away = false;
    api = await startTLSServer((request, response) => {
      if (away) answerJSON(response, 503, {});
      else if (request.url === "/keys") answerJSON(response, 200, jwksOf(key));
      else answerJSON(response, 200, { issuer: api!.url, jwks_uri: `${api!.url}/keys` });
    });
    folder.write("issuer.crt", api.ca);
    const issuers = [{ name: "other", url: api.url, caFile: "issuer.crt" }];
    await running.reload({ issuers });
    // asked before it counts: nobody is refused for keys that were only on their way
    expect(await allowed({ token: mintNow({ iss: api.url }, key) })).to.equal(true);
    away = true;
    await running.reload({ issuers, leeway: "2m" });
    expect(await allowed({ token: mintNow({ iss: api.url }, key) })).to.equal(true);
    expect((await running.admin("/readyz?verbose")).text).to.include("[+]issuer-other ok");
    await running.reload({ issuers: [{ name: "new", url: clusterIssuer, jwksFile: "keys.json" }] });
    expect((await running.admin("/readyz?verbose")).text).to.include("[+]issuer-new ok");
  });

  it("keeps a policy's last good version, though its file is wrong by now", async () => {
    folder.write("policy.ts", "export default {");
    await until(() => running.log().some(({ what, outcome }) => what === "policy" && outcome === "failed"));
    await running
      .reload({ webhooks: [route(), route({ path: "/other", authentication: { mode: "off" } })] })
      .catch(() => undefined);
    expect(await allowed()).to.equal(true);
  });

  for (const [what, changes, code] of [
    [
      "a policy that cannot be loaded",
      { webhooks: [route({ policy: { file: "none.ts" } })] },
      "ERR_POLICY_INVALID",
    ],
    [
      "a certificate that is none",
      { tls: { certFile: "none.crt", keyFile: "tls.key" } },
      "ERR_CERTIFICATE_INVALID",
    ],
    ["a cluster that was not given", { issuers: [{ name: "cluster" }] }, "ERR_CONFIGURATION"],
  ] as const)
    it(`refuses ${what}, and serves on as before, ready`, async () => {
      expect((await rejectionOf(running.reload(changes))).code).to.equal(code);
      expect(await allowed()).to.equal(true);
      expect((await running.admin("/readyz")).status).to.equal(200);
    });

  it("changes the log's level", async () => {
    await running.reload({ log: { level: "debug" } });
    expect(await allowed()).to.equal(true);
    await until(() => running.log().some(({ msg }) => msg === "allowed"));
    await running.reload({ log: { level: "silent" } });
    const lines = running.log().length;
    expect(await allowed({ token: "x" })).to.equal(false);
    await running.reload({ log: { level: "info" } });
    expect(await allowed({ token: "x" })).to.equal(false);
    await until(() => running.log().some(({ msg }) => msg === "refused"));
    expect(
      running
        .log()
        .slice(lines)
        .filter(({ msg }) => msg === "refused"),
    ).to.have.length(1);
  });

  it("leaves listeners and traces as they are, says so, and takes the rest", async () => {
    await running.reload({
      listen: { host: "127.0.0.1", port: 1 },
      tracing: { endpoint: "http://127.0.0.1:1" },
      webhooks: [route({ path: "/other" })],
    });
    expect(await allowed({ path: "/other" })).to.equal(true);
    await until(() => running.log().some(({ fields }) => String(fields) === "listen,tracing"));
  });

  it("shows another certificate, of other files", async () => {
    const pair = createCertificateAuthority().issue({ commonName: "another", dnsNames: ["localhost"] });
    folder.write("other.crt", pair.certificatePem);
    folder.write("other.key", pair.keyPem);
    await running.reload({ tls: { certFile: "other.crt", keyFile: "other.key" } });
    const [error] = await once(running.connect(), "error");
    expect(error).to.have.property("code", "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    expect(await metric(/countersign_certificate_expiry_timestamp_seconds \d/)).to.equal(true);
  });

  it("asks for client certificates from then on, also of those who have been connected without", async () => {
    const callers = createCertificateAuthority({ commonName: "callers" });
    const { certificatePem, keyPem } = callers.issue({ commonName: "kube-apiserver" });
    folder.write("callers.crt", callers.certificatePem);
    agent.destroy();
    agent = new Agent({
      keepAlive: true,
      maxSockets: 1,
      cert: certificatePem,
      key: keyPem,
      maxCachedSessions: 0,
    });
    expect(await allowed()).to.equal(true);
    expect(sockets()).to.equal(1);
    const authentication = { clientCertificates: { caFile: "callers.crt", names: ["kube-apiserver"] } };
    await running.reload({ webhooks: [route({ audiences: undefined, authentication })] });
    const { body, connection } = await running.post({ agent, token: "" });
    expect([body.response?.allowed, connection]).to.deep.equal([false, "close"]);
    expect(await allowed({ token: "" })).to.equal(true);
    expect((await running.post({ agent, token: "" })).connection).to.not.equal("close");
  });

  it("is not taken while draining", async () => {
    await running.server.close();
    await running.reload({ webhooks: [route({ policy: { file: "none.ts" } })] });
  });
});
