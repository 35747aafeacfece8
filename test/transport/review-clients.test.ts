import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";
import { expect } from "chai";
import type { TokenReview } from "../../src/apis/authentication.ts";
import { Secret } from "../../src/secret.ts";
import { apiStatusOf } from "../../src/transport/api-status.ts";
import { createReviewClients, type ReviewClients } from "../../src/transport/review-clients.ts";
import { rejectionOf } from "../rejection.ts";
import { answerJSON, readBody, startTLSServer, type TLSServer } from "../tls-server.ts";

const review: TokenReview = {
  apiVersion: "authentication.k8s.io/v1",
  kind: "TokenReview",
  spec: { token: "presented", audiences: ["https://svc.ns.svc:443/"] },
};

describe("review clients", () => {
  let server: TLSServer;
  let answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
  let clients: ReviewClients;
  const resets: number[] = [];
  const pauses: number[] = [];
  before(async function () {
    this.timeout(30_000);
    server = await startTLSServer((request, response) => void answer(request, response));
    answer = (_, response) => answerJSON(response, 201, review);
    await open().createTokenReview(review);
  });
  beforeEach(() => {
    clients = open();
  });
  afterEach(() => clients.close());
  after(() => server.close());

  function open(timeoutMs = 2_000): ReviewClients {
    return createReviewClients({
      server: server.url,
      ca: server.ca,
      timeoutMs,
      pause: async (ms) => void pauses.push(ms),
      token: {
        token: async () => ({ token: new Secret("pod"), requestedAt: 0, expiresAt: 9e15 }),
        resetOlderThan: (instant: number) => void resets.push(instant),
      },
    });
  }

  it("makes a hundred reviews one after the other over one connection", async () => {
    answer = (_, response) => answerJSON(response, 201, { ...review, status: { authenticated: true } });
    const before = server.connections();
    for (let call = 0; call < 100; call++) await clients.createTokenReview(review);
    expect(server.connections() - before).to.equal(1);
  });

  it("asks what it was given with our own credentials, and answers with plain JSON", async () => {
    const seen: unknown[] = [];
    const status = {
      authenticated: true,
      audiences: ["https://svc.ns.svc:443/"],
      user: {
        username: "system:serviceaccount:ns:sa",
        groups: ["a"],
        extra: { "authentication.kubernetes.io/x": ["1"] },
      },
    };
    answer = async (request, response) => {
      seen.push(
        request.method,
        request.url,
        request.headers.authorization,
        JSON.parse(await readBody(request)),
      );
      answerJSON(response, 201, { ...review, metadata: { creationTimestamp: null }, status });
    };
    const answered = await clients.createTokenReview(review);
    expect(seen).to.deep.equal(["POST", "/apis/authentication.k8s.io/v1/tokenreviews", "Bearer pod", review]);
    expect(answered.status).to.deep.equal(status);
  });

  it("tells of each attempt: which review, the HTTP status, how long", async () => {
    const told: unknown[] = [];
    const note = (message: unknown): void => void told.push(message);
    subscribe("countersign:review", note);
    try {
      const statuses = [500, 429, 201, 403, 201];
      // what a body says of its code is not what was answered
      const bodies = [{}, {}, review, { kind: "Status", code: 599 }, review];
      answer = (_, response) => answerJSON(response, statuses.shift()!, bodies.shift());
      await clients.createTokenReview(review);
      await rejectionOf(clients.createTokenReview(review));
      const spec = { user: "jane", resourceAttributes: { verb: "get", resource: "pods" } };
      await clients.createSubjectAccessReview({
        apiVersion: "authorization.k8s.io/v1",
        kind: "SubjectAccessReview",
        spec,
      });
      answer = (_, response) => void response.destroy();
      await rejectionOf(clients.createTokenReview(review));
    } finally {
      unsubscribe("countersign:review", note);
    }
    const lines = (told as Record<string, unknown>[]).map(
      ({ review: what, server: url, code, durationMs }) => {
        expect([url, typeof durationMs]).to.deep.equal([server.url, "number"]);
        return `${what} ${code}`;
      },
    );
    expect(lines.slice(0, 5)).to.deep.equal([
      "TokenReview 500",
      "TokenReview 429",
      "TokenReview 201",
      "TokenReview 403",
      "SubjectAccessReview 201",
    ]);
    expect(new Set(lines.slice(5))).to.deep.equal(new Set(["TokenReview <error>"]));
  });

  it("asks whether somebody may do something", async () => {
    const spec = { user: "jane", resourceAttributes: { verb: "get", resource: "pods", namespace: "ns" } };
    const asked = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec };
    answer = async (request, response) => {
      expect(JSON.parse(await readBody(request))).to.deep.equal(asked);
      answerJSON(response, 201, { ...asked, status: { allowed: false, reason: "no" } });
    };
    expect((await clients.createSubjectAccessReview(asked)).status).to.deep.equal({
      allowed: false,
      reason: "no",
    });
  });

  it("asks with everything that is known of a user, whatever it is called", async () => {
    const extra = Object.fromEntries([
      ["__proto__", ["a"]],
      ["constructor", ["b"]],
    ]);
    const spec = { user: "jane", extra, nonResourceAttributes: { path: "/x", verb: "get" } };
    const asked = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec } as const;
    let sent = "";
    answer = async (request, response) => {
      sent = await readBody(request);
      answerJSON(response, 201, { status: { allowed: true } });
    };
    await clients.createSubjectAccessReview(asked);
    expect(sent).to.equal(JSON.stringify(asked)).and.contain('"__proto__":["a"]');
  });

  it("throws ERR_API_STATUS with the Status, and without headers or the token", async () => {
    const status = { kind: "Status", message: "tokenreviews is forbidden", reason: "Forbidden", code: 403 };
    answer = (_, response) => answerJSON(response, 403, status);
    const error = await rejectionOf(clients.createTokenReview(review));
    expect(apiStatusOf(error)).to.include({ code: 403 });
    expect(error.message).to.include("tokenreviews is forbidden").and.to.not.include("presented");
  });

  it("takes its own token back when it was answered 401", async () => {
    answer = (_, response) => answerJSON(response, 401, {});
    resets.length = 0;
    await rejectionOf(clients.createTokenReview(review));
    expect(resets).to.have.length(1);
  });

  it("asks again what may pass, as long as a header says", async () => {
    let requests = 0;
    pauses.length = 0;
    answer = (_, response) =>
      ++requests === 1
        ? answerJSON(response, 503, { kind: "Status", code: 503 }, { "Retry-After": "3" })
        : answerJSON(response, 201, { ...review, status: { authenticated: true } });
    expect((await clients.createTokenReview(review)).status).to.deep.equal({ authenticated: true });
    expect([requests, pauses]).to.deep.equal([2, [3_000]]);
  });

  it("never follows a redirect", async () => {
    let requests = 0;
    answer = (_, response) => {
      requests++;
      response.writeHead(307, { Location: "/x" }).end();
    };
    expect(await rejectionOf(clients.createTokenReview(review))).to.include({ code: "ERR_API_STATUS" });
    expect(requests).to.equal(1);
  });

  it("gives up at its deadline, and with the caller's reason when the caller does", async () => {
    answer = () => undefined;
    const impatient = open(50);
    expect(await rejectionOf(impatient.createTokenReview(review))).to.include({
      code: "ERR_TRANSPORT_TIMEOUT",
    });
    await impatient.close();
    const reason = new Error("gave up");
    const signal = AbortSignal.abort(reason);
    const outcome = await clients.createTokenReview(review, { signal }).catch((error: unknown) => error);
    expect(outcome).to.equal(reason);
  });

  it("reads at most 1 MiB", async () => {
    answer = (_, response) => void response.writeHead(201).end(Buffer.alloc(2 ** 20 + 1));
    expect(await rejectionOf(clients.createTokenReview(review))).to.include({ code: "ERR_TRANSPORT" });
  });

  it("refuses to review tokens over a connection that is not verified", () => {
    expect(() => createReviewClients({ server: "http://127.0.0.1" })).to.throw(/verified https/);
    expect(() => createReviewClients({ server: server.url, insecureSkipVerify: true })).to.throw(
      /verified https/,
    );
  });
});
