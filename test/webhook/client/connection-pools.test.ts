import { expect } from "chai";
import { diagnosticsChannel } from "../../../src/diagnostics.ts";
import { Secret } from "../../../src/secret.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import type { PeerConnections, PeerRequest } from "../../../src/transport/peer-connections.ts";
import type { ClientConfig } from "../../../src/webhook/client/client-config.ts";
import { type ConnectionPools, createConnectionPools } from "../../../src/webhook/client/connection-pools.ts";
import { type WebhookAddress, webhookAddress } from "../../../src/webhook/client/webhook-address.ts";
import { rejectionOf } from "../../rejection.ts";
import { answerJSON, startTLSServer, type TLSServer } from "../../tls-server.ts";

const authority = createCertificateAuthority();
const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("connection pools", () => {
  let server: TLSServer;
  let pools: ConnectionPools;
  before(async () => {
    server = await startTLSServer((_, response) => answerJSON(response, 200, {}));
  });
  beforeEach(() => {
    pools = createConnectionPools();
  });
  afterEach(() => pools.close());
  after(() => server.close());

  const addressOf = (name = "svc", caBundle = server.ca): WebhookAddress =>
    webhookAddress({ service: { name, namespace: "ns" }, caBundle: base64(caBundle) });
  const identity = (commonName: string): ClientConfig => {
    const { certificatePem, keyPem } = authority.issue({ commonName });
    return { clientCertificate: { certificate: certificatePem, key: new Secret(keyPem) } };
  };
  const poolOf = (config: ClientConfig = {}, address = addressOf(), port = server.port): PeerConnections =>
    pools.poolFor({ host: "127.0.0.1", port }, address, config);
  const post = (pool: PeerConnections) => {
    const request: PeerRequest = {
      ...{ method: "POST", path: "/", headers: ["Host", "svc.ns.svc"], body: Buffer.from("{}") },
      ...{ timeoutMs: 10_000, maxResponseBytes: 1000, peer: "the webhook" },
    };
    return pool.exchange(request);
  };

  it("gives the same connections to whoever calls the same peer as the same", () => {
    const jane = identity("jane");
    expect(poolOf(jane)).to.equal(poolOf({ ...jane }, addressOf()));
    expect(poolOf()).to.equal(poolOf({ impersonate: { user: "jane", groups: [], extra: {} } }));
  });

  it("shares none between identities, peers, trust or endpoints", () => {
    const jane = identity("jane");
    const { certificate } = jane.clientCertificate!;
    const { key } = identity("john").clientCertificate!;
    const distinct = [
      poolOf(),
      poolOf(jane),
      poolOf(identity("jane")),
      poolOf({ clientCertificate: { certificate, key } }),
      poolOf({ ca: authority.certificatePem }),
      poolOf({}, addressOf("other")),
      poolOf({}, addressOf("svc", authority.certificatePem)),
      poolOf({}, addressOf(), server.port + 1),
    ];
    expect(new Set(distinct).size).to.equal(distinct.length);
  });

  it("keeps 200, those that were used last", () => {
    const [first, second] = [poolOf(), poolOf(identity("jane"))];
    const endpoints = Array.from({ length: 198 }, (_, index) => index + 1);
    for (const port of endpoints) poolOf({}, addressOf(), port);
    expect(poolOf()).to.equal(first);
    poolOf({}, addressOf(), 199);
    expect(poolOf()).to.equal(first);
    expect(poolOf(identity("jane"))).to.not.equal(second);
  });

  it("lets what is dropped finish what it was asked", async () => {
    const outcome = post(poolOf());
    for (let port = 1; port <= 201; port++) poolOf({}, addressOf(), port);
    expect((await outcome).status).to.equal(200);
  });

  it("tells whose certificate API servers would refuse", async () => {
    const { certificatePem: cert, keyPem: key } = authority.issue({
      commonName: "svc.ns.svc",
      usages: ["serverAuth"],
    });
    const unnamed = await startTLSServer((_, response) => answerJSON(response, 200, {}), { cert, key });
    const told: unknown[] = [];
    const listen = (message: unknown): void => void told.push(message);
    const channel = diagnosticsChannel("countersign:x509");
    channel.subscribe(listen);
    try {
      const pool = poolOf({}, addressOf("svc", authority.certificatePem), unnamed.port);
      expect((await rejectionOf(post(pool))).message).to.match(/no subject alternative name/);
      expect(told).to.deep.equal([{ host: "svc.ns.svc:443", problem: "missingSAN" }]);
    } finally {
      channel.unsubscribe(listen);
      await unnamed.close();
    }
  });
});
