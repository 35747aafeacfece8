import type { AddressInfo } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { expect } from "chai";
import type { Webhook } from "../../../src/apis/admissionregistration.ts";
import type { CachedTokenSource } from "../../../src/credentials/cached-token-source.ts";
import { CountersignError } from "../../../src/errors.ts";
import { Secret } from "../../../src/secret.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import type { ClientConfig } from "../../../src/webhook/client/client-config.ts";
import {
  createWebhookClient,
  type WebhookCallOptions,
  type WebhookClient,
  type WebhookClientOptions,
} from "../../../src/webhook/client/webhook-client.ts";
import type { ShownRequest } from "../../../src/webhook/client/webhook-request.ts";
import { rejectionOf } from "../../rejection.ts";

const authority = createCertificateAuthority();
const clientAuthority = createCertificateAuthority();
const dnsNames = ["svc.ns.svc", "localhost"];
const serving = authority.issue({ commonName: "webhook", dnsNames, ipAddresses: ["127.0.0.1"] });
const caBundle = Buffer.from(authority.certificatePem).toString("base64");
const allowed = '{"kind":"AdmissionReview"}';
const answerOf = (status: string, body: string, headers = ""): string =>
  `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;

describe("webhook client", () => {
  let server: Server;
  let port: number;
  let answer: string | undefined;
  let requests: string[];
  let connections: { servername: unknown; protocol: unknown; peer: string | string[] | undefined }[];
  let config: ClientConfig;
  let client: WebhookClient;

  before((done) => {
    server = createServer({
      cert: serving.certificatePem,
      key: serving.keyPem,
      requestCert: true,
      rejectUnauthorized: false,
      ca: clientAuthority.certificatePem,
      ALPNProtocols: ["h2", "http/1.1"],
    });
    server.on("secureConnection", (socket: TLSSocket) => {
      const peer = socket.getPeerCertificate().subject?.CN;
      connections.push({ servername: socket.servername, protocol: socket.alpnProtocol, peer });
      let text = "";
      socket.on("error", () => undefined);
      socket.setEncoding("latin1").on("data", (chunk: string) => {
        text += chunk;
        if (!text.endsWith('"end":true}')) return;
        requests.push(text);
        text = "";
        if (answer !== undefined) socket.write(answer);
      });
    });
    server.listen(0, "127.0.0.1", () => {
      port = (server.address() as AddressInfo).port;
      done();
    });
  });
  const clientWith = (options: Partial<WebhookClientOptions> = {}): WebhookClient =>
    createWebhookClient({
      resolver: {
        clientConfigFor: () => config,
        clientConfigForService: () => config,
        clientConfigForWebhook: () => config,
      },
      services: { resolve: () => ({ host: "127.0.0.1", port }) },
      ...options,
    });
  beforeEach(() => {
    answer = answerOf("200 OK", allowed);
    requests = [];
    connections = [];
    config = {};
    client = clientWith();
  });
  afterEach(() => client.close());
  after((done) => void server.close(done));

  function call(
    clientConfig: Webhook["clientConfig"] = {},
    options: { [Name in keyof WebhookCallOptions]?: WebhookCallOptions[Name] | undefined } = {},
    through = client,
  ) {
    const service = { name: "svc", namespace: "ns", path: "/validate/" };
    const where = clientConfig.url === undefined ? { service, ...clientConfig } : clientConfig;
    const webhook = {
      name: "a.example.com",
      clientConfig: { caBundle, ...where },
      admissionReviewVersions: ["v1"],
    };
    const configuration = { name: "c", uid: "u" };
    const target = {
      kind: "ValidatingWebhookConfiguration",
      configuration,
      webhook,
      apiGroup: "apps",
    } as const;
    const { timeoutMs, ...rest } = { timeoutMs: 9_100, ...options };
    const bounds = timeoutMs === undefined ? {} : { timeoutMs };
    return through.call(target, { big: 2n ** 60n, end: true }, { ...bounds, ...rest } as WebhookCallOptions);
  }
  const requested = (token: () => Promise<string>, resets: number[] = []): CachedTokenSource => {
    const made = (text: string) => ({ token: new Secret(text), requestedAt: 0, expiresAt: 9e15 });
    return {
      token: ({ signal } = {}) =>
        new Promise((resolve, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason));
          token().then((text) => resolve(made(text)), reject);
        }),
      held: () => undefined,
      resetOlderThan: (instant) => void resets.push(instant),
    };
  };

  it("writes what kube-apiserver writes, and nothing else", async () => {
    config = { requestedToken: requested(async () => "t0ken") };
    await call();
    const [head = "", body] = requests[0]!.split("\r\n\r\n");
    const [line, ...headers] = head.split("\r\n");
    expect([line, body]).to.deep.equal([
      "POST /validate?timeout=10s HTTP/1.1",
      '{"big":1152921504606846976,"end":true}',
    ]);
    // names are compared as HTTP compares them
    expect(headers.map((one) => one.replace(/^[^:]+/, (name) => name.toLowerCase()))).to.have.members([
      "host: svc.ns.svc:443",
      "user-agent: kube-apiserver-admission",
      "content-length: 38",
      "accept: application/json, */*",
      "authorization: Bearer t0ken",
      "content-type: application/json",
      "connection: keep-alive",
    ]);
  });

  it("asks for HTTP/1.1 and the Service's name, and keeps its connection", async () => {
    await call();
    await call();
    expect(connections).to.deep.equal([{ servername: "svc.ns.svc", protocol: "http/1.1", peer: undefined }]);
  });

  it("calls a URL as it stands, an address without a name for it", async () => {
    await call({ url: `https://127.0.0.1:${port}/v//w` });
    await call({ url: `https://localhost:${port}` });
    const firstLines = (text: string): string[] => text.replace("Host:", "host:").split("\r\n").slice(0, 2);
    expect(requests.map(firstLines)).to.deep.equal([
      ["POST /v/w?timeout=10s HTTP/1.1", `host: 127.0.0.1:${port}`],
      ["POST /?timeout=10s HTTP/1.1", `host: localhost:${port}`],
    ]);
    expect(connections.map(({ servername }) => servername)).to.deep.equal([false, "localhost"]);
  });

  it("trusts the webhook's caBundle, the resolver's CA beside it, and nothing else", async () => {
    const stranger = createCertificateAuthority().certificatePem;
    config = { ca: authority.certificatePem };
    expect((await call({ caBundle: Buffer.from(stranger).toString("base64") })).httpStatus).to.equal(200);
    config = {};
    const error = await rejectionOf(call({ caBundle: Buffer.from(stranger).toString("base64") }));
    expect(error.message).to.match(/not signed by a CA we trust/);
    expect(await rejectionOf(call({ caBundle: "" }))).to.include({ code: "ERR_WEBHOOK_CALL" });
    expect(requests).to.have.length(1);
  });

  it("sends nothing to a server with another name's certificate", async () => {
    config = { requestedToken: requested(async () => "t0ken") };
    const error = await rejectionOf(call({ service: { name: "other", namespace: "ns" } }));
    expect(error.message).to.match(/certificate is for other names/);
    expect(requests).to.deep.equal([]);
  });

  it("sends a client certificate along with the token", async () => {
    const { certificatePem, keyPem } = clientAuthority.issue({ commonName: "kube-apiserver" });
    const clientCertificate = { certificate: certificatePem, key: new Secret(keyPem) };
    config = { clientCertificate, requestedToken: requested(async () => "t0ken") };
    expect((await call()).credentials).to.deep.equal(["requestedToken", "clientCertificate"]);
    expect(connections[0]?.peer).to.equal("kube-apiserver");
  });

  it("goes without a bearer when no token can be had, and says why", async () => {
    const failure = new CountersignError("ERR_TOKEN_REQUEST_ATTEST", "grant it");
    config = { requestedToken: requested(() => Promise.reject(failure)) };
    const { credentials, tokenError } = await call();
    expect([credentials, tokenError]).to.deep.equal([[], failure]);
    expect(requests[0]).to.not.match(/Authorization/i);
  });

  it("waits for a token for half of the call's time at most", async () => {
    config = { requestedToken: requested(() => new Promise(() => undefined)) };
    const { credentials, tokenError } = await call({}, { timeoutMs: 200 });
    expect(credentials).to.deep.equal([]);
    expect(tokenError).to.have.property("name", "TimeoutError");
  });

  it("does not wait at all where it must not, and sends what is held", async () => {
    const never = requested(() => expect.fail("was asked"));
    config = { requestedToken: never };
    expect((await call({}, { awaitToken: false })).credentials).to.deep.equal([]);
    const held = { token: new Secret("held"), requestedAt: 0, expiresAt: 9e15 };
    config = { requestedToken: { ...never, held: () => held } };
    await call({}, { awaitToken: false });
    expect(requests[1]).to.include("Authorization: Bearer held\r\n");
  });

  it("fails where a token that the kubeconfig names cannot be read", async () => {
    config = {
      token: { token: () => Promise.reject(new CountersignError("ERR_KUBECONFIG", "token file gone")) },
    };
    expect((await rejectionOf(call())).message).to.match(/token file gone/);
    expect(requests).to.deep.equal([]);
  });

  it("takes its token back when it was refused, over HTTP or in a denial, but not one of the last ten seconds", async () => {
    const denial = { response: { allowed: false, status: { code: 401 } } };
    for (const refused of [answerOf("401 Unauthorized", "{}"), answerOf("200 OK", JSON.stringify(denial))]) {
      const resets: number[] = [];
      config = { requestedToken: requested(async () => "t0ken", resets) };
      answer = refused;
      await call().catch(() => undefined);
      expect(resets).to.have.length(1);
      expect(Date.now() - resets[0]!).to.be.within(10_000, 12_000);
    }
  });

  for (const status of ["200 OK", "201 Created", "206 Partial Content"])
    it(`takes ${status} for success`, async () => {
      answer = answerOf(status, allowed);
      expect((await call()).body).to.deep.equal({ kind: "AdmissionReview" });
    });

  it("never follows a redirect and does not obey Retry-After", async () => {
    config = { requestedToken: requested(async () => "t0ken") };
    for (const refused of [
      answerOf("307 Temporary Redirect", "{}", `Location: https://localhost:${port}/\r\n`),
      answerOf("503 Service Unavailable", "{}", "Retry-After: 0\r\n"),
    ]) {
      requests = [];
      answer = refused;
      expect(await rejectionOf(call())).to.include({ code: "ERR_WEBHOOK_CALL" });
      expect(requests).to.have.length(1);
    }
  });

  it("obeys Retry-After where it is asked to: ten times, as long as there is time", async () => {
    const patient = clientWith({ obeyRetryAfter: true });
    answer = answerOf("503 Service Unavailable", "{}", "Retry-After: 0\r\n");
    expect((await rejectionOf(call({}, {}, patient))).message).to.match(/the webhook answered 503/);
    expect(requests).to.have.length(11);
    for (const refused of [
      answerOf("429 Too Many Requests", "{}", "Retry-After: 60\r\n"),
      answerOf("503 Service Unavailable", "{}", "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n"),
      answerOf("404 Not Found", "{}", "Retry-After: 0\r\n"),
    ]) {
      requests = [];
      answer = refused;
      await rejectionOf(call({}, {}, patient));
      expect(requests).to.have.length(1);
    }
    patient.close();
  });

  it("waits no longer than it may for an answer, 30 s where nothing is said", async () => {
    await call({}, { timeoutMs: undefined });
    expect(requests[0]).to.include("?timeout=30s ");
  });

  it("shows what it sends, and nothing secret of it", async () => {
    const shown: ShownRequest[] = [];
    config = { requestedToken: requested(async () => "t0ken") };
    await call({}, { onRequest: (request) => shown.push(request) });
    config = { basic: { username: "jane", password: new Secret("p4ss") } };
    await call({}, { onRequest: (request) => shown.push(request) });
    expect(shown[0]).to.deep.equal({
      method: "POST",
      url: "https://svc.ns.svc:443/validate?timeout=10s",
      headers: [
        ["Host", "svc.ns.svc:443"],
        ["User-Agent", "kube-apiserver-admission"],
        ["Accept", "application/json, */*"],
        ["Authorization", "Bearer [redacted]"],
        ["Content-Type", "application/json"],
      ],
    });
    expect(shown[1]?.headers).to.deep.include(["Authorization", "Basic [redacted]"]);
    expect(requests[1]).to.include(`Authorization: Basic ${Buffer.from("jane:p4ss").toString("base64")}`);
  });

  it("remembers no failure", async () => {
    answer = answerOf("500 Internal Server Error", "{}");
    await rejectionOf(call());
    await rejectionOf(call({ caBundle: "" }));
    answer = answerOf("200 OK", allowed);
    expect((await call()).httpStatus).to.equal(200);
  });

  it("says which webhook failed, where, and what it answered", async () => {
    answer = answerOf("404 Not Found", '{"kind":"Status","message":"no such path","code":404}');
    const { message } = await rejectionOf(call());
    expect(message).to.equal(
      'failed calling webhook "a.example.com": failed to call webhook: ' +
        'Post "https://svc.ns.svc:443/validate?timeout=10s": the webhook answered 404: no such path',
    );
  });

  it("refuses an answer that is not JSON, and one without end", async () => {
    answer = answerOf("200 OK", "<html>");
    expect((await rejectionOf(call())).message).to.match(/the answer is not JSON/);
    answer = `HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n${"x".repeat(10 * 2 ** 20 + 1)}`;
    expect((await rejectionOf(call())).message).to.match(/more than 10485760 bytes/);
  });

  it("reads integers of 64 bits as they are", async () => {
    answer = answerOf("200 OK", '{"n":9223372036854775807}');
    expect((await call()).body).to.deep.equal({ n: 9223372036854775807n });
  });

  it("tells the webhook its time, rounded up, and gives up when it is over", async () => {
    // what is measured is the wait, not the connecting
    await call();
    answer = undefined;
    const { message } = await rejectionOf(call({}, { timeoutMs: 150 }));
    expect(message).to.match(/timeout=1s": https:\/\/svc\.ns\.svc:443 did not answer within/);
    expect(requests[1]).to.include("?timeout=1s ");
  });

  it("gives up with the caller's reason when the caller does", async () => {
    answer = undefined;
    const reason = new Error("gave up");
    const outcome = await call({}, { signal: AbortSignal.abort(reason) }).catch((error: unknown) => error);
    expect(outcome).to.equal(reason);
  });

  it("calls no webhook over http", async () => {
    expect((await rejectionOf(call({ url: `http://127.0.0.1:${port}` }))).message).to.match(
      /desired format: https/,
    );
  });
});
