import { once } from "node:events";
import { Agent } from "node:https";
import { createServer } from "node:net";
import { expect } from "chai";
import { Secret } from "../../../src/secret.ts";
import { callerRefusedMessage } from "../../../src/server/review/refusal.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import { bodyOf, reviewOf } from "../../admission/deployment-review.ts";
import {
  audience,
  clusterIssuer,
  clusterKey,
  jwksOf,
  plainClaims,
  signingKey,
} from "../../authentication/minting.ts";
import { rejectionOf } from "../../rejection.ts";
import { answerJSON, readBody, startTLSServer, type TLSServer } from "../../tls-server.ts";
import { until } from "../../until.ts";
import {
  authority,
  createServerFolder,
  mintNow,
  policySource,
  type RunningServer,
  type ServerFolder,
  startServer,
} from "./server-rig.ts";

describe("createWebhookServer", () => {
  let folder: ServerFolder;
  let running: RunningServer | undefined;
  beforeEach(() => {
    folder = createServerFolder();
  });
  let api: TLSServer | undefined;
  afterEach(async () => {
    await running?.server.close();
    await api?.close();
    running = undefined;
    api = undefined;
    folder.remove();
  });
  const allowed = async (token?: string): Promise<boolean | undefined> =>
    (await running!.post({ token })).body.response?.allowed;

  it("serves what its configuration describes, and says so in its log", async () => {
    running = await startServer(folder);
    expect(await allowed()).to.equal(true);
    const stranger = await running.post({ token: "x" });
    expect(stranger.body.response?.status?.message).to.equal(callerRefusedMessage);
    await until(() => running!.log().some(({ msg }) => msg === "refused"));
    const messages = running.log();
    expect(messages.find(({ msg }) => msg === "serving")).to.include({
      port: running.port,
      adminPort: running.adminPort,
    });
    expect(messages.find(({ msg }) => msg === "refused")).to.include({
      code: "ERR_TOKEN_MALFORMED",
      peer: "127.0.0.1",
    });
  });

  it("is ready once its issuers have keys, and says of what it consists", async () => {
    running = await startServer(folder);
    await until(async () => (await running!.admin("/readyz")).status === 200);
    expect((await running.admin("/readyz?verbose")).text).to.equal(
      "[+]ping ok\n[+]shutdown ok\n[+]certificate ok\n[+]issuer-file ok\nreadyz check passed\n",
    );
    expect((await running.admin("/livez?verbose")).text).to.equal("[+]ping ok\nlivez check passed\n");
  });

  it("is alive but not ready without keys, refuses every token meanwhile, and finds them when they come", async () => {
    folder.write("keys.json", "{}");
    running = await startServer(folder);
    expect((await running.admin("/readyz")).status).to.equal(500);
    expect((await running.admin("/livez")).status).to.equal(200);
    expect(await allowed()).to.equal(false);
    folder.write("keys.json", JSON.stringify(jwksOf(signingKey())));
    await until(async () => (await running!.admin("/readyz")).status === 200);
    await until(() => running!.log().some(({ msg }) => msg === "readyz check failed"));
  });

  it("is not ready with a certificate that has expired", async () => {
    const pair = authority.issue({
      commonName: "localhost",
      dnsNames: ["localhost"],
      notAfter: Date.now() - 1000,
    });
    folder.write("tls.crt", pair.certificatePem);
    folder.write("tls.key", pair.keyPem);
    running = await startServer(folder);
    expect((await running.admin("/readyz?exclude=issuer-file")).text).to.contain("[-]certificate failed");
  });

  it("counts what it does", async () => {
    running = await startServer(folder);
    await allowed();
    await allowed("x");
    const { text } = await running.admin("/metrics");
    expect(text).to.contain('countersign_requests_total{path="/validate",allowed="true",code="200"} 1');
    expect(text).to.contain('countersign_requests_total{path="/validate",allowed="false",code="401"} 1');
    expect(text).to.contain('result="refused",method="",code="ERR_TOKEN_MALFORMED",caller="unknown"} 1');
    expect(text).to.match(/countersign_certificate_expiry_timestamp_seconds \d{10}/);
  });

  it("logs everything but what was presented", async () => {
    running = await startServer(folder, { log: { level: "trace" } });
    const token = mintNow();
    await allowed(token);
    await allowed(`${token}x`);
    await until(() => running!.log().some(({ msg }) => msg === "refused"));
    const text = JSON.stringify(running.log());
    expect(text).to.contain('"msg":"allowed"');
    expect(text).to.not.match(/PRIVATE KEY|Bearer|eyJ/);
    for (const part of token.split(".")) expect(text).to.not.contain(part);
  });

  it("follows a client CA on connections that are open already", async () => {
    const callers = createCertificateAuthority({ commonName: "callers" });
    const { certificatePem, keyPem } = callers.issue({ commonName: "kube-apiserver" });
    folder.write("callers.crt", callers.certificatePem);
    const authentication = { clientCertificates: { caFile: "callers.crt", names: ["kube-apiserver"] } };
    running = await startServer(folder, {
      webhooks: [{ path: "/validate", authentication, policy: { file: "policy.ts" } }],
    });
    const agent = new Agent({ cert: certificatePem, key: keyPem, keepAlive: true, maxSockets: 1 });
    const byCertificate = async () => (await running!.post({ token: "", agent })).body.response?.allowed;
    expect(await byCertificate()).to.equal(true);
    folder.write("callers.crt", createCertificateAuthority({ commonName: "others" }).certificatePem);
    await until(async () => (await byCertificate()) === false);
    folder.write("callers.crt", callers.certificatePem);
    await until(async () => (await byCertificate()) === true);
    agent.destroy();
  });

  it("fetches another issuer's keys at its own URL, without credentials", async () => {
    const key = signingKey("ES256", "of-another");
    const asked: unknown[] = [];
    api = await startTLSServer((request, response) => {
      asked.push(request.headers.authorization);
      if (request.url === "/keys") answerJSON(response, 200, jwksOf(key));
      else answerJSON(response, 200, { issuer: api!.url, jwks_uri: `${api!.url}/keys` });
    });
    folder.write("issuer.crt", api.ca);
    running = await startServer(folder, { issuers: [{ name: "other", url: api.url, caFile: "issuer.crt" }] });
    await until(async () => (await running!.admin("/readyz")).status === 200);
    expect(await allowed(mintNow({ iss: api.url }, key))).to.equal(true);
    expect(await allowed(mintNow({}, key))).to.equal(false);
    expect(asked).to.deep.equal([undefined, undefined]);
  });

  it("asks the API server about tokens where that is configured", async () => {
    const reviews: unknown[] = [];
    let authenticated = true;
    api = await startTLSServer(async (request, response) => {
      const review = JSON.parse(await readBody(request)) as { spec: { audiences: string[] } };
      reviews.push(review.spec.audiences);
      const user = {
        username: "system:serviceaccount:kube-system:webhook-auth",
        uid: "a3f2a1ce-29d9-4be6-9a2e-0a4ce42ba75c",
      };
      const status = authenticated
        ? { authenticated, user, audiences: review.spec.audiences }
        : { authenticated };
      answerJSON(response, 201, { ...review, status });
    });
    const authentication = {
      serviceAccounts: [{ namespace: "kube-system", name: "webhook-auth" }],
      tokenReview: {},
    };
    running = await startServer(
      folder,
      {
        issuers: [],
        webhooks: [
          { path: "/validate", audiences: [audience], authentication, policy: { file: "policy.ts" } },
        ],
      },
      async () => ({ client: { server: api!.url, ca: api!.ca }, namespace: "default" }),
    );
    const token = mintNow({}, clusterKey, plainClaims);
    expect(await allowed(token), JSON.stringify(running.log())).to.equal(true);
    expect(reviews).to.deep.equal([[audience]]);
    authenticated = false;
    expect(await allowed(mintNow({ jti: "another" }, clusterKey, plainClaims))).to.equal(false);
  });

  it("takes a new certificate without dropping a connection", async () => {
    running = await startServer(folder);
    const socket = running.connect();
    await once(socket, "secureConnect");
    let received = "";
    socket.setEncoding("utf8").on("data", (chunk) => {
      received += chunk;
    });
    const body = bodyOf(reviewOf());
    const ask = (count: number): Promise<void> => {
      socket.write(
        `POST /validate HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${mintNow()}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
      );
      socket.write(body);
      return until(() => received.split('"allowed":true').length - 1 === count);
    };
    await ask(1);
    folder.writePair("renewed");
    await until(async () => (await commonNameOf(running!)) === "renewed");
    await ask(2);
    expect(socket.getPeerCertificate().subject.CN).to.equal("localhost");
    socket.destroy();
  });

  it("keeps the certificate it has while the files do not fit, and says so", async () => {
    running = await startServer(folder);
    folder.write("tls.key", "nonsense");
    await until(() => running!.log().some(({ msg }) => String(msg).startsWith("reload failed")));
    expect(await commonNameOf(running)).to.equal("localhost");
    expect(await allowed()).to.equal(true);
    expect((await running.admin("/metrics")).text).to.match(
      /countersign_last_reload_failed\{what="certificate",[^}]*\} 1/,
    );
    folder.writePair("mended");
    await until(async () => (await commonNameOf(running!)) === "mended");
  });

  it("follows its key file: a new key counts, a withdrawn one does not", async () => {
    running = await startServer(folder);
    expect(await allowed()).to.equal(true);
    const next = signingKey("ES256", "next");
    folder.write("keys.json", JSON.stringify(jwksOf(next)));
    await until(async () => (await allowed()) === false);
    expect(await allowed(mintNow({}, next))).to.equal(true);
  });

  it("follows its policy, and keeps the last good one", async () => {
    running = await startServer(folder);
    expect(await allowed()).to.equal(true);
    folder.write("policy.ts", policySource("false"));
    await until(async () => (await allowed()) === false);
    folder.write("policy.ts", "export default {");
    await until(() => running!.log().some(({ msg }) => String(msg).startsWith("reload failed")));
    expect(await allowed()).to.equal(false);
  });

  it("denies within the time its caller gives when a policy does not answer", async () => {
    folder.write("policy.ts", policySource("new Promise(() => {})"));
    running = await startServer(folder);
    const { body } = await running.post({ path: "/validate?timeout=300ms" });
    expect(body.response?.allowed).to.equal(false);
    expect(body.response?.status?.code).to.equal(504);
  });

  it("drains: not ready, still serving, connections told to close, what is in flight finished", async () => {
    folder.write(
      "policy.ts",
      policySource(
        'import("node:timers/promises").then(({ scheduler }) => scheduler.wait(400)).then(() => true)',
      ),
    );
    running = await startServer(folder, { drain: { delay: "300ms", timeout: "5s" } });
    const early = running.post();
    const closed = running.server.close();
    const { status, text } = await running.admin("/readyz");
    expect(status).to.equal(500);
    expect(text).to.contain("[-]shutdown failed");
    const during = running.post();
    for (const answer of [await early, await during]) {
      expect(answer.body.response?.allowed).to.equal(true);
      expect(answer.connection).to.equal("close");
    }
    await closed;
    const refused: unknown = await running.post().catch((error: unknown) => error);
    expect(refused).to.have.property("code", "ECONNREFUSED");
  });

  it("waits no longer than its drain time-out", async () => {
    folder.write("policy.ts", policySource("new Promise(() => {})"));
    running = await startServer(folder, { drain: { delay: "0s", timeout: "100ms" } });
    const hanging = running.post().catch((error: unknown) => error);
    await until(async () => /in_flight 1/.test((await running!.admin("/metrics")).text));
    await running.server.close();
    expect(await hanging).to.be.instanceOf(Error);
  });

  it("ends what it began when something it needs is wrong", async () => {
    folder.write("tls.key", "nonsense");
    expect((await rejectionOf(startServer(folder))).code).to.equal("ERR_CERTIFICATE_INVALID");
    folder.writePair();
    folder.write("policy.ts", "export default {}");
    expect((await rejectionOf(startServer(folder))).code).to.equal("ERR_POLICY_INVALID");
    folder.write("policy.ts", policySource("true"));
    const cluster = { issuers: [{ name: "cluster" }] };
    expect((await rejectionOf(startServer(folder, cluster))).code).to.equal("ERR_CONFIGURATION");
  });

  it("names a port it cannot have, and lets go of the other", async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
    const { port } = blocker.address() as { port: number };
    const error = await rejectionOf(startServer(folder, { listen: { host: "127.0.0.1", port } }));
    expect(error.code).to.equal("ERR_CONFIGURATION");
    expect(error.message).to.equal(`cannot listen on 127.0.0.1 port ${port} (EADDRINUSE)`);
    blocker.close();
  });

  it("fetches a cluster's keys as its own user, at its API server alone", async () => {
    const key = signingKey("ES256", "of-the-cluster");
    const asked: string[] = [];
    api = await startTLSServer((request, response) => {
      asked.push(`${request.url} ${request.headers.authorization}`);
      if (request.url === "/openid/v1/jwks") answerJSON(response, 200, jwksOf(key));
      else answerJSON(response, 200, { issuer: clusterIssuer, jwks_uri: "https://elsewhere.example/keys" });
    });
    const token = { token: new Secret("pod-token"), requestedAt: 0, expiresAt: Number.POSITIVE_INFINITY };
    running = await startServer(folder, { issuers: [{ name: "cluster" }] }, async () => ({
      client: { server: api!.url, ca: api!.ca, token: { token: async () => token } },
      namespace: "default",
    }));
    await until(async () => (await running!.admin("/readyz")).status === 200);
    expect(await allowed(mintNow({}, key))).to.equal(true);
    expect(asked).to.deep.equal([
      "/.well-known/openid-configuration Bearer pod-token",
      "/openid/v1/jwks Bearer pod-token",
    ]);
  });
});

async function commonNameOf(running: RunningServer): Promise<string | string[] | undefined> {
  const socket = running.connect();
  await once(socket, "secureConnect");
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return CN;
}
