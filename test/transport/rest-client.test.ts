import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { Secret } from "../../src/secret.ts";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { apiStatusOf } from "../../src/transport/api-status.ts";
import {
  apiPath,
  createRestClient,
  type RestClient,
  type RestClientOptions,
} from "../../src/transport/rest-client.ts";
import { rejectionOf } from "../rejection.ts";
import { answerJSON, readBody, startTLSServer, type TLSServer } from "../tls-server.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

const tokenOf = (text: string) => ({
  token: async () => ({ token: new Secret(text), requestedAt: 0, expiresAt: Number.MAX_SAFE_INTEGER }),
});

describe("REST client", () => {
  let server: TLSServer;
  let answer: Answer;
  const open: RestClient[] = [];
  before(async () => {
    server = await startTLSServer((request, response) => void answer(request, response));
  });
  afterEach(() => {
    for (const client of open.splice(0)) client.close();
  });
  after(() => server.close());

  function client(options: Partial<RestClientOptions> = {}): RestClient {
    const created = createRestClient({ server: server.url, ca: server.ca, timeoutMs: 2_000, ...options });
    open.push(created);
    return created;
  }
  const echo: Answer = async (request, response) =>
    answerJSON(response, 200, {
      method: request.method,
      url: request.url,
      headers: request.headersDistinct,
      body: await readBody(request),
    });

  it("sends JSON and gives JSON back, fields it does not know included", async () => {
    answer = echo;
    const { status, body } = await client().request<{ method: string; url: string; body: string }>({
      path: "/api/v1/x",
      query: { dryRun: "All" },
      body: { spec: { attestations: { future: ["a"] } } },
    });
    expect(status).to.equal(200);
    expect(body).to.include({ method: "POST", url: "/api/v1/x?dryRun=All" });
    expect(JSON.parse(body.body)).to.deep.equal({ spec: { attestations: { future: ["a"] } } });
  });

  it("sends the kind of JSON that it is told, and says it once", async () => {
    answer = echo;
    const { body } = await client().request<{ headers: Record<string, string[]> }>({
      method: "PATCH",
      path: "/",
      body: [],
      headers: { "Content-Type": "application/json-patch+json", "X-More": "1" },
    });
    expect(body.headers).to.deep.include({
      "content-type": ["application/json-patch+json"],
      "x-more": ["1"],
    });
  });

  it("tells what the server's clock said, of refusals too, and nothing where it said none", async () => {
    const dated = (status: number, date: string | undefined): void => {
      answer = (_, response) => {
        if (date === undefined) response.sendDate = false;
        else response.setHeader("Date", date);
        answerJSON(response, status, {});
      };
    };
    const date = "Tue, 01 Jan 2030 12:00:00 GMT";
    dated(200, date);
    expect((await client().request({ path: "/" })).date).to.equal(Date.UTC(2030, 0, 1, 12));
    dated(404, date);
    expect((await client().send({ path: "/" })).date).to.equal(Date.UTC(2030, 0, 1, 12));
    for (const none of [undefined, "soon"]) {
      dated(200, none);
      expect((await client().send({ path: "/" })).date).to.equal(undefined);
    }
  });

  it("keeps one connection for requests that come one after the other", async () => {
    answer = echo;
    const before = server.connections();
    const rest = client();
    for (let call = 0; call < 50; call++) await rest.request({ path: "/" });
    expect(server.connections() - before).to.equal(1);
  });

  it("puts the path of the server's address before every path", async () => {
    answer = echo;
    const { body } = await client({ server: `${server.url}/k8s/clusters/a/` }).request<{ url: string }>({
      path: "/api",
    });
    expect(body.url).to.equal("/k8s/clusters/a/api");
  });

  it("encodes what stands in a path, and refuses segments that would lead elsewhere", () => {
    expect(apiPath("api", "a/b?c")).to.equal("/api/a%2Fb%3Fc");
    for (const segment of ["", ".", ".."]) expect(() => apiPath("api", segment)).to.throw(/cannot stand/);
  });

  it("presents token, password and impersonation, each group a header of its own", async () => {
    answer = echo;
    type Echoed = { headers: Record<string, string[]> };
    const impersonate = { user: "jane", uid: "7", groups: ["a,b", "c"], extra: { "x/y": ["1", "2"] } };
    const { body } = await client({ token: tokenOf("t0ken"), impersonate }).request<Echoed>({ path: "/" });
    expect(body.headers).to.deep.include({
      authorization: ["Bearer t0ken"],
      "impersonate-user": ["jane"],
      "impersonate-uid": ["7"],
      "impersonate-group": ["a,b", "c"],
      "impersonate-extra-x%2fy": ["1", "2"],
    });
    const basic = { username: "u", password: new Secret("p") };
    const withPassword = await client({ basic }).request<Echoed>({ path: "/" });
    expect(withPassword.body.headers.authorization).to.deep.equal([`Basic ${btoa("u:p")}`]);
  });

  it("presents a client certificate", async () => {
    const authority = createCertificateAuthority();
    const { certificatePem, keyPem } = authority.issue({ commonName: "jane" });
    const strict = await startTLSServer(echo, { requestCert: true, ca: authority.certificatePem });
    const clientCertificate = { certificate: certificatePem, key: new Secret(keyPem) };
    const rest = client({ server: strict.url, ca: strict.ca, clientCertificate });
    expect((await rest.request({ path: "/" })).status).to.equal(200);
    expect(
      await rejectionOf(client({ server: strict.url, ca: strict.ca }).request({ path: "/" })),
    ).to.include({
      code: "ERR_TRANSPORT",
    });
    await strict.close();
  });

  it("throws ERR_API_STATUS with the Status for anything but success", async () => {
    const status = {
      kind: "Status",
      status: "Failure",
      reason: "NotFound",
      message: "pods not found",
      code: 404,
    };
    answer = (_, response) => answerJSON(response, 404, status);
    const error = await rejectionOf(client().request({ path: "/api" }));
    expect(error.message).to.match(/^GET https:.*\/api: pods not found \(404\)$/);
    expect(apiStatusOf(error)).to.deep.equal(status);
  });

  it("makes a Status of an answer that is none", async () => {
    answer = (_, response) => void response.writeHead(502).end("x".repeat(10_000));
    const error = await rejectionOf(client().request({ path: "/" }));
    expect(apiStatusOf(error)).to.include({ code: 502 });
    expect(error.message).to.have.length.below(300);
  });

  it("gives answers of any status back from send", async () => {
    answer = (_, response) => answerJSON(response, 403, { kind: "Status", code: 403 });
    expect((await client().send({ path: "/" })).status).to.equal(403);
  });

  it("never follows a redirect", async () => {
    let requests = 0;
    answer = (_, response) => {
      requests++;
      response.writeHead(307, { Location: "/elsewhere" }).end();
    };
    expect(await rejectionOf(client().request({ path: "/" }))).to.include({ code: "ERR_API_STATUS" });
    expect(requests).to.equal(1);
  });

  it("gives up at its deadline, wherever the answer stops", async () => {
    for (const stop of [
      () => undefined,
      (_: IncomingMessage, response: ServerResponse) => void response.writeHead(200).write("{"),
    ]) {
      answer = stop;
      const error = await rejectionOf(client().request({ path: "/", timeoutMs: 100 }));
      expect(error).to.include({ code: "ERR_TRANSPORT_TIMEOUT" });
    }
  });

  it("gives up with the caller's reason when the caller does", async () => {
    answer = () => undefined;
    const controller = new AbortController();
    const reason = new Error("gave up");
    const outcome = client()
      .request({ path: "/", signal: controller.signal })
      .catch((error: unknown) => error);
    controller.abort(reason);
    expect(await outcome).to.equal(reason);
  });

  it("refuses an answer larger than its limit", async () => {
    answer = (_, response) => void response.writeHead(200).end(Buffer.alloc(2_000));
    const error = await rejectionOf(client({ maxResponseBytes: 1_999 }).request({ path: "/" }));
    expect(error).to.include({ code: "ERR_TRANSPORT" });
    expect(error.message).to.match(/more than 1999 bytes/);
  });

  it("refuses what calls itself JSON and is not, without quoting it", async () => {
    answer = (_, response) =>
      void response.writeHead(200, { "Content-Type": "application/json" }).end('{"s3cret');
    const error = await rejectionOf(client().request({ path: "/" }));
    expect(error.message + String(error.cause)).to.not.include("s3cret");
  });

  it("says when an answer ends early", async () => {
    answer = (_, response) => {
      response.writeHead(200, { "Content-Length": "100" }).write("{");
      setImmediate(() => response.destroy());
    };
    expect((await rejectionOf(client().request({ path: "/" }))).message).to.match(/ended early/);
  });

  it("trusts its CA only, and the name it calls", async () => {
    answer = echo;
    const stranger = createCertificateAuthority().certificatePem;
    expect((await rejectionOf(client({ ca: stranger }).request({ path: "/" }))).message).to.match(
      /not signed by a CA/,
    );
    const named = client({ serverName: "other.example" }).request({ path: "/" });
    expect((await rejectionOf(named)).message).to.match(/certificate is for other names/);
  });

  it("says in words that nobody listens", async () => {
    const gone = await startTLSServer(() => undefined);
    await gone.close();
    const error = await rejectionOf(client({ server: gone.url }).request({ path: "/" }));
    expect(error.message).to.match(/the connection was refused \(ECONNREFUSED\)/);
  });

  it("tries again on a new connection when the kept one was closed meanwhile", async () => {
    answer = (request, response) => {
      answerJSON(response, 200, {});
      // after this answer the connection is gone, without the client having been told in its header
      response.on("finish", () => setImmediate(() => request.socket.destroy()));
    };
    const rest = client();
    for (let call = 0; call < 20; call++) expect((await rest.request({ path: "/" })).status).to.equal(200);
  });

  it("waits as Retry-After says while its deadline allows, at most three times", async () => {
    let requests = 0;
    answer = (_, response) => {
      requests++;
      answerJSON(response, requests < 3 ? 429 : 200, {}, { "Retry-After": "0" });
    };
    expect((await client().request({ path: "/" })).status).to.equal(200);
    expect(requests).to.equal(3);
    requests = -10;
    expect(await rejectionOf(client().request({ path: "/" }))).to.include({ code: "ERR_API_STATUS" });
    expect(requests).to.equal(-6);
  });

  it("does not wait for a Retry-After beyond its deadline", async () => {
    let requests = 0;
    answer = (_, response) => {
      requests++;
      answerJSON(response, 503, {}, { "Retry-After": "60" });
    };
    await rejectionOf(client().request({ path: "/" }));
    expect(requests).to.equal(1);
  });

  it("takes its token back when it was answered 401", async () => {
    answer = (_, response) => answerJSON(response, 401, { kind: "Status", code: 401 });
    const resets: number[] = [];
    const clock = { now: () => 1_000, random: () => 0 };
    const token = { ...tokenOf("t"), resetOlderThan: (instant: number) => void resets.push(instant) };
    await rejectionOf(client({ token, clock }).request({ path: "/" }));
    expect(resets).to.deep.equal([1_000]);
  });

  describe("over a connection that is not verified", () => {
    let plain: Server;
    before((done) => {
      plain = createServer((_, response) => answerJSON(response, 200, {})).listen(0, "127.0.0.1", done);
    });
    after(() => void plain.close());

    it("sends no token and no password", () => {
      const { port } = plain.address() as AddressInfo;
      const token = tokenOf("t");
      expect(() => client({ server: `http://127.0.0.1:${port}`, token })).to.throw(/https with a verified/);
      expect(() => client({ insecureSkipVerify: true, token })).to.throw(/https with a verified/);
    });

    it("asks without credentials", async () => {
      const { port } = plain.address() as AddressInfo;
      expect((await client({ server: `http://127.0.0.1:${port}` }).request({ path: "/" })).status).to.equal(
        200,
      );
      answer = echo;
      expect(
        (await client({ insecureSkipVerify: true, ca: undefined }).request({ path: "/" })).status,
      ).to.equal(200);
    });
  });

  it("refuses an address that is no server's", () => {
    for (const address of ["", "kube:6443", "ftp://h", "https://user@h", "https://h?x=1"])
      expect(() => createRestClient({ server: address }), address).to.throw(/must be https/);
  });
});
