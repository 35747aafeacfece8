import { expect } from "chai";
import Koa from "koa";
import { AnswerStatusError } from "../../../src/apis/answer-status.ts";
import { createImpersonation } from "../../../src/authorization/impersonation.ts";
import { type APIRequestMessage, diagnosticsChannel } from "../../../src/diagnostics.ts";
import { CountersignError } from "../../../src/errors.ts";
import { type APIAccessOptions, createAPIAccess } from "../../../src/server/api/api-access.ts";
import type { APIContext } from "../../../src/server/api/api-state.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import { until } from "../../until.ts";
import {
  type Answered,
  type Asking,
  ask,
  type CallerRig,
  type ServedRig,
  serveCallers,
  startCallers,
} from "./caller-rig.ts";

const pods = "/api/v1/namespaces/default/pods";

describe("createAPIAccess", () => {
  let rig: CallerRig;
  let served: ServedRig | undefined;
  /** What came behind access, and what it does. */
  let reached: APIContext[] = [];
  let behind: (context: APIContext) => unknown = () => undefined;
  const messages: APIRequestMessage[] = [];
  const channel = diagnosticsChannel("countersign:apiRequest");
  const note = (message: unknown): void => void messages.push(message as APIRequestMessage);

  before(async function () {
    this.timeout(30_000);
    rig = await startCallers();
    await rig.grant("reader", { apiGroups: [""], resources: ["pods"], verbs: ["list"] });
    await rig.grant("group:readers", { apiGroups: [""], resources: ["pods"], verbs: ["list"] });
    await rig.grant("system:serviceaccount:default:reader", {
      apiGroups: [""],
      resources: ["pods"],
      verbs: ["list"],
    });
    await rig.grant("impersonator", {
      apiGroups: [""],
      resources: ["users", "groups"],
      verbs: ["impersonate"],
    });
  });
  after(() => rig?.stop());
  beforeEach(() => {
    reached = [];
    behind = (context) => {
      context.body = "reached";
    };
    messages.length = 0;
    channel.subscribe(note);
  });
  afterEach(async () => {
    channel.unsubscribe(note);
    await served?.close();
    served = undefined;
  });

  async function serve(options: Partial<APIAccessOptions> = {}): Promise<void> {
    const application = new Koa({ env: "production" });
    application.use(
      createAPIAccess({ authenticator: rig.authenticator(), authorizer: rig.authorizer, ...options }),
    );
    application.use(async (context) => {
      reached.push(context);
      await behind(context);
    });
    served = await serveCallers(rig, application.callback());
  }
  const get = (path: string, asking?: Asking): Promise<Answered> =>
    ask(served!.url, rig.controlPlane.caPem, path, asking);
  const frontProxy = () => rig.proxyAuthority.issue({ commonName: "front-proxy-client" });

  describe("who is let in", () => {
    it("a client certificate's user", async () => {
      await serve();
      expect((await get(pods, { certificate: rig.certificateOf("reader") })).status).to.equal(200);
      const { caller, user, info } = reached[0]!.state;
      expect(caller.method).to.equal("clientCertificate");
      expect(user).to.equal(caller.user);
      expect(user).to.deep.include({ username: "reader", groups: ["system:authenticated"] });
      expect(info).to.include({ verb: "list", resource: "pods", namespace: "default" });
    });

    it("a bearer token's user, whom TokenReview knows", async () => {
      await serve();
      expect((await get(pods, { token: await rig.tokenOf("reader") })).status).to.equal(200);
      expect(reached[0]!.state.caller).to.deep.include({ method: "tokenReview" });
      expect(reached[0]!.state.user.username).to.equal("system:serviceaccount:default:reader");
    });

    it("a front proxy's user, by its headers", async () => {
      await serve();
      const headers = ["X-Remote-User", "jane", "X-Remote-Group", "readers"];
      expect((await get(pods, { certificate: frontProxy(), headers })).status).to.equal(200);
      expect(reached[0]!.state.user).to.deep.include({ username: "jane" });
    });

    it("nobody, where the authorizer says so", async () => {
      await serve({ authenticator: rig.authenticator({ anonymous: true }) });
      expect((await get("/healthz")).status).to.equal(200);
      expect(reached[0]!.state.user.username).to.equal("system:anonymous");
    });
  });

  it("what Koa takes for another path than the one that was authorized is refused (400)", async () => {
    await rig.grant("reader-of-paths", { nonResourceURLs: ["*"], verbs: ["*"] });
    await serve();
    const asking = { certificate: rig.certificateOf("reader-of-paths") };
    for (const target of [
      `${served!.url}${pods}`,
      "/api\\v1\\namespaces\\default\\pods#",
      "/openapi/../api/v1/namespaces/default/pods",
      `/openapi/%2e%2e${pods}`,
    ]) {
      const answer = await get(target, asking);
      expect([answer.status, answer.json.reason, reached.length], target).to.deep.equal([
        400,
        "BadRequest",
        0,
      ]);
    }
    expect((await get("/openapi/v2", asking)).status).to.equal(200);
  });

  describe("what refusals look like", () => {
    it("401 is a Status, with no WWW-Authenticate and one message for every reason", async () => {
      await serve();
      const foreign = createCertificateAuthority().issue({ commonName: "reader" });
      for (const asking of [{}, { token: "not-a-token" }, { certificate: foreign }]) {
        const answer = await get(pods, asking);
        expect(answer.status).to.equal(401);
        expect(answer.text).to.equal(
          '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}\n',
        );
        expect(answer.headers).to.include({ "content-type": "application/json" });
        expect(answer.headers).to.not.have.any.keys("www-authenticate", "x-content-type-options");
      }
      expect(reached).to.deep.equal([]);
    });

    it("403 is a Status that says who may not do what, and is not to be taken for markup", async () => {
      await serve();
      const answer = await get(pods, { certificate: rig.certificateOf("<stranger>") });
      expect(answer.status).to.equal(403);
      expect(answer.json).to.deep.equal({
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Failure",
        message:
          'pods is forbidden: User "&lt;stranger&gt;" cannot list resource "pods" in API group "" in the namespace "default"',
        reason: "Forbidden",
        details: { kind: "pods" },
        code: 403,
      });
      expect(answer.headers).to.include({
        "x-content-type-options": "nosniff",
        "cache-control": "no-cache, private",
      });
      expect(reached).to.deep.equal([]);
    });

    it("an authorizer that fails is 500 as text, which says nothing of what is behind it", async () => {
      for (const [error, text] of [
        [new CountersignError("ERR_ACCESS_REVIEW_UNAVAILABLE", "access review: gone"), "access review: gone"],
        [new Error("secret"), "see the server's log"],
      ] as const) {
        await serve({
          authorizer: {
            authorize() {
              throw error;
            },
          },
        });
        const answer = await get(`${pods}?x=<b>`, { certificate: rig.certificateOf("reader") });
        expect(answer.status).to.equal(500);
        expect(answer.text).to.equal(`Internal Server Error: "${pods}?x=&lt;b&gt;": ${text}\n`);
        expect(answer.headers["content-type"]).to.equal("text/plain; charset=utf-8");
        await served?.close();
      }
      expect(reached).to.deep.equal([]);
    });

    it("an answer that allows and denies at once is 500, an error beside leave is none", async () => {
      const error = new CountersignError("ERR_ACCESS_REVIEW_UNAVAILABLE", "both");
      for (const [decision, status] of [
        ["deny", 500],
        ["noOpinion", 500],
        ["allow", 200],
      ] as const) {
        await serve({ authorizer: { authorize: () => ({ decision, reason: "", error }) } });
        expect((await get(pods, { certificate: rig.certificateOf("reader") })).status).to.equal(status);
        await served?.close();
      }
    });
  });

  describe("what comes behind it", () => {
    it("sees no credential in any form of the headers, whichever answered", async () => {
      await serve();
      const headers = [
        ...["Authorization", "Bearer nonsense", "X-Remote-User", "admin", "X-Remote-Group", "system:masters"],
        ...["X-Remote-Extra-Scope", "all", "X-Remote-Uid", "0", "Accept", "text/plain"],
      ];
      expect((await get(pods, { certificate: rig.certificateOf("reader"), headers })).status).to.equal(200);
      const { req } = reached[0]!;
      const forms = [req.rawHeaders, req.headers, req.headersDistinct].map((form) => JSON.stringify(form));
      for (const form of forms) {
        expect(form).to.not.match(/authorization|x-remote|nonsense|masters/i);
        expect(form).to.contain("text/plain");
      }
    });

    it("and no token among WebSocket subprotocols, only the others", async () => {
      await serve();
      const token = Buffer.from(await rig.tokenOf("reader")).toString("base64url");
      const offered = `base64url.bearer.authorization.k8s.io.${token}, v5.channel.k8s.io`;
      const answer = await get(pods, {
        headers: { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Protocol": offered },
      });
      expect(answer.status).to.equal(200);
      const { req } = reached[0]!;
      for (const form of [req.rawHeaders, req.headers, req.headersDistinct])
        expect(JSON.stringify(form)).to.contain("v5.channel.k8s.io").and.not.contain(token);
    });

    it("is told what authenticating gave to tell, and so is who is refused", async () => {
      await serve({ authenticator: rig.authenticator({ anonymous: true }) });
      const headers = { Authorization: "Bearer  two-spaces" };
      const warning =
        '299 - "the provided Authorization header contains extra space before the bearer token, and is ignored"';
      expect((await get("/healthz", { headers })).headers.warning).to.equal(warning);
      await served?.close();
      await serve();
      const refused = await get("/healthz", { headers });
      expect([refused.status, refused.headers.warning]).to.deep.equal([401, warning]);
    });

    it("may throw a Status, a coded error or anything else", async () => {
      await serve();
      const asking = { certificate: rig.certificateOf("reader") };
      behind = () => {
        throw new AnswerStatusError("ERR_NOT_SERVED", { code: 410, reason: "Expired", message: "too old" });
      };
      expect((await get(pods, asking)).json).to.include({ code: 410, reason: "Expired", message: "too old" });
      behind = () => {
        throw new CountersignError("ERR_TRANSPORT_TIMEOUT", "it did not answer");
      };
      expect((await get(pods, asking)).json).to.deep.include({
        code: 504,
        reason: "Timeout",
        message: "Internal error occurred: it did not answer",
      });
      behind = () => {
        throw new Error("secret");
      };
      const answer = await get(pods, asking);
      expect(answer.status).to.equal(500);
      expect(answer.text).to.not.contain("secret");
    });

    it("is aborted when the client goes away, and not when its answer has gone", async () => {
      await serve();
      const asking = { certificate: rig.certificateOf("reader") };
      await get(pods, asking);
      await until(() => messages.length === 1);
      expect(reached[0]!.state.signal.aborted).to.equal(false);
      let end = (): void => undefined;
      behind = () =>
        new Promise<void>((resolve) => {
          end = resolve;
        });
      const unanswered = get(pods, asking).catch(() => undefined);
      await until(() => reached.length === 2);
      reached[1]!.req.socket.destroy();
      await unanswered;
      await until(() => reached[1]!.state.signal.aborted);
      end();
      await until(() => messages.length === 2);
      expect(messages[1]).to.include({ code: 499, cut: true, user: "reader" });
    });
  });

  describe("impersonation", () => {
    const as = { headers: { "Impersonate-User": "reader" } };

    it("is refused where nothing else is said, and never ignored", async () => {
      await serve();
      const answer = await get(pods, { certificate: rig.certificateOf("reader"), ...as });
      expect(answer.status).to.equal(403);
      expect(answer.headers["x-content-type-options"]).to.equal("nosniff");
      expect(reached).to.deep.equal([]);
    });

    it("makes the request another user's where that is allowed, whose rights then count", async () => {
      const { authorizer } = rig;
      await serve({ impersonation: createImpersonation({ authorizer }) });
      const certificate = rig.certificateOf("impersonator");
      expect((await get(pods, { certificate })).status).to.equal(403);
      expect((await get(pods, { certificate, ...as })).status).to.equal(200);
      const { caller, user } = reached[0]!.state;
      expect([caller.user.username, user.username]).to.deep.equal(["impersonator", "reader"]);
      expect(JSON.stringify(reached[0]!.req.rawHeaders)).to.not.match(/impersonate/i);
    });

    it("is 403 in upstream's words for who may not, 400 without a user", async () => {
      const { authorizer } = rig;
      await serve({ impersonation: createImpersonation({ authorizer }) });
      const certificate = rig.certificateOf("reader");
      const refused = await get(pods, { certificate, headers: { "Impersonate-User": "admin" } });
      expect(refused.json).to.include({
        code: 403,
        message:
          'users "admin" is forbidden: User "reader" cannot impersonate resource "users" in API group "" at the cluster scope',
      });
      const headless = await get(pods, { certificate, headers: { "Impersonate-Group": "readers" } });
      expect(headless.status).to.equal(400);
      expect(reached).to.deep.equal([]);
    });
  });

  describe("what is told of each request", () => {
    it("who called, as whom, what was asked, what became of it; no query and no credential", async () => {
      const { authorizer } = rig;
      await serve({ impersonation: createImpersonation({ authorizer }) });
      await get(`${pods}?limit=5`, {
        certificate: rig.certificateOf("impersonator"),
        headers: { "Impersonate-User": "reader", "Audit-ID": "of-the-caller" },
      });
      await until(() => messages.length === 1);
      const { requestId, durationMs, peer, ...told } = messages[0]!;
      expect(told).to.deep.equal({
        auditId: "of-the-caller",
        httpMethod: "GET",
        path: pods,
        verb: "list",
        group: "",
        resource: "pods",
        subresource: "",
        namespace: "default",
        name: "",
        caller: "impersonator",
        method: "clientCertificate",
        user: "reader",
        code: 200,
        cut: false,
      });
      expect(requestId).to.be.a("string");
      expect(durationMs).to.be.greaterThan(0);
      expect(peer).to.equal("127.0.0.1");
    });

    it("why it was refused, for the log, which the caller is not told", async () => {
      await serve();
      await get(pods, { token: "eyJ.very.secret" });
      await until(() => messages.length === 1);
      expect(messages[0]).to.include({ code: 401, refusal: "ERR_TOKEN_REVIEW_REFUSED", path: pods });
      expect(messages[0]!.detail).to.be.a("string");
      expect(JSON.stringify(messages[0])).to.not.contain("very.secret");
    });

    it("which node was reached", async () => {
      await serve();
      behind = ({ state }) => {
        state.node = "node-1";
      };
      await get(pods, { certificate: rig.certificateOf("reader") });
      await until(() => messages.length === 1);
      expect(messages[0]!.node).to.equal("node-1");
    });
  });

  describe("plainPaths", () => {
    it("refuses what can be read in two ways before anybody is asked who calls", async () => {
      await serve({ plainPaths: true });
      for (const path of ["/api/v1//pods", "/api/v1/%70ods", "/api/v1/../pods", "/api/v1/pods;x"]) {
        const answer = await get(path);
        expect([path, answer.status, answer.json.reason]).to.deep.equal([path, 400, "BadRequest"]);
      }
    });

    it("is off by default: an API server's own names may need escapes", async () => {
      await serve();
      expect(
        (await get("/api/v1/namespaces/default/%70ods", { certificate: rig.certificateOf("reader") })).status,
      ).to.equal(200);
    });
  });
});
