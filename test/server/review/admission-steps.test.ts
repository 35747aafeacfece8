import { expect } from "chai";
import { callerRefusedMessage } from "../../../src/server/review/refusal.ts";
import { bodyOf, deployment, request, reviewOf } from "../../admission/deployment-review.ts";
import {
  boundClaims,
  forgerKey,
  mint,
  noon,
  otherAudience,
  plainClaims,
} from "../../authentication/minting.ts";
import {
  createRoute,
  denyAll,
  type PostOptions,
  path,
  type Recorder,
  record,
  startWebhook,
  type WebhookRig,
} from "../webhooks/webhook-rig.ts";

const good = mint();
const callerName = "system:serviceaccount:kube-system:webhook-auth";
const evilGroup = { group: "evil.io", version: "v1", resource: "things" };

/** Every way in which a caller may not be accepted, with the code that only the log sees. */
const refusedCallers: Record<string, { post: PostOptions; code: string; status?: number }> = {
  "presents nothing": { post: {}, code: "ERR_CREDENTIALS_MISSING" },
  "presents Basic": {
    post: { headers: { Authorization: "Basic dTpw" } },
    code: "ERR_AUTHORIZATION_MALFORMED",
  },
  "presents two Authorization headers, both good": {
    post: { headers: { Authorization: [`Bearer ${good}`, `Bearer ${good}`] } },
    code: "ERR_AUTHORIZATION_DUPLICATE",
  },
  "presents a word that is no token": { post: { token: "x" }, code: "ERR_TOKEN_MALFORMED" },
  "presents a forged token": { post: { token: mint({ key: forgerKey }) }, code: "ERR_TOKEN_SIGNATURE" },
  "presents an expired token": {
    post: { token: mint({ claims: boundClaims({ exp: noon - 1 }) }) },
    code: "ERR_TOKEN_EXPIRED",
  },
  "presents another webhook's token": {
    post: { token: mint({ claims: boundClaims({ aud: [otherAudience] }) }) },
    code: "ERR_TOKEN_AUDIENCE",
  },
  "presents a plain token of nobody named": {
    post: { token: mint({ claims: plainClaims() }) },
    code: "ERR_TOKEN_UNACCEPTED",
  },
  "shows another API group than its token attests": {
    post: {
      token: mint({ claims: boundClaims({}, { attestations: { admissionReviewAPIGroups: ["batch"] } }) }),
    },
    code: "ERR_GROUP_NOT_ATTESTED",
    status: 403,
  },
  "shows an object of another group than it says": {
    post: {
      token: mint({ claims: boundClaims({}, { attestations: { admissionReviewAPIGroups: ["evil.io"] } }) }),
      body: bodyOf(reviewOf({ resource: evilGroup, requestResource: evilGroup })),
    },
    code: "ERR_GROUP_INCONSISTENT",
    status: 403,
  },
};

describe("a webhook route", () => {
  let rig: WebhookRig;
  let recorder: Recorder;
  before(async () => {
    rig = await startWebhook([
      createRoute(),
      createRoute({ path: "/observe", mode: "observe" }),
      createRoute({ path: "/off", mode: "off" }),
      createRoute({ path: "/observe/denied", mode: "observe", policies: () => [denyAll] }),
      createRoute({ path: "/denied", policies: () => [denyAll] }),
    ]);
  });
  after(() => rig.close());
  beforeEach(() => {
    recorder = record();
  });
  afterEach(() => recorder.stop());

  it("answers a caller it knows with the policy's verdict, in the version that asked", async () => {
    for (const apiVersion of ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"]) {
      const answer = await rig.post({ token: good, body: bodyOf({ ...reviewOf(), apiVersion }) });
      expect(answer.status).to.equal(200);
      expect(answer.headers["content-type"]).to.equal("application/json");
      expect(answer.body).to.deep.equal({
        apiVersion,
        kind: "AdmissionReview",
        response: { uid: request.uid, allowed: true },
      });
    }
    expect(recorder.refusals).to.deep.equal([]);
    expect(recorder.requests[0]).to.include({
      path,
      mode: "enforce",
      operation: "CREATE",
      resource: "deployments.apps",
      namespace: "shop",
      name: "web",
      caller: "system:serviceaccount:kube-system:webhook-auth",
      method: "webhookToken",
      user: "system:serviceaccount:shop:deployer",
      allowed: true,
      code: 200,
    });
  });

  it("answers a denial by policy with its code", async () => {
    const { body } = await rig.post({ path: "/denied", token: good });
    expect(body.response).to.deep.include({ uid: request.uid, allowed: false });
    expect(body.response?.status?.code).to.equal(403);
    expect(recorder.requests[0]).to.include({ allowed: false, code: 403 });
  });

  describe("in enforce mode", () => {
    for (const [name, { post, code, status = 401 }] of Object.entries(refusedCallers))
      it(`denies a caller that ${name}, as HTTP 200 with the review's uid, and says ${code} to the log alone`, async () => {
        const answer = await rig.post(post);
        expect(answer.status).to.equal(200);
        expect(answer.body).to.deep.equal({
          apiVersion: "admission.k8s.io/v1",
          kind: "AdmissionReview",
          response: {
            uid: request.uid,
            allowed: false,
            status: {
              status: "Failure",
              message: callerRefusedMessage,
              reason: status === 401 ? "Unauthorized" : "Forbidden",
              code: status,
            },
          },
        });
        expect(recorder.refusals.map((refusal) => refusal.code)).to.deep.equal([code]);
        expect(recorder.refusals[0]).to.include({ path, mode: "enforce", uid: request.uid });
        expect(recorder.requests[0]).to.include({ allowed: false, code: status, refusal: code });
      });

    for (const [name, { post, code }] of Object.entries(refusedCallers))
      it(`answers a caller that ${name} and shows no review with a bare status and nothing more`, async () => {
        const answer = await rig.post({ ...post, body: "{}" });
        const groupFault = code.startsWith("ERR_GROUP");
        expect(answer.status).to.equal(groupFault ? 400 : 401);
        expect(answer.body.kind).to.equal("Status");
        expect(Object.keys(answer.body)).to.have.members([
          "kind",
          "apiVersion",
          "metadata",
          "status",
          "message",
          "reason",
          "code",
        ]);
        if (!groupFault) expect(answer.body.message).to.equal(callerRefusedMessage);
      });

    it("never shows a token, in no message it publishes", async () => {
      for (const { post } of Object.values(refusedCallers)) await rig.post(post);
      const text = JSON.stringify([recorder.refusals, recorder.requests]);
      expect(text).to.not.contain(good.slice(-40));
      expect(text).to.not.match(/eyJ|Bearer /);
    });
  });

  describe("in observe mode", () => {
    for (const [name, { post, code }] of Object.entries(refusedCallers))
      it(`lets the policy decide about a caller that ${name}, and says that it would have been refused`, async () => {
        const allowed = await rig.post({ ...post, path: "/observe" });
        expect(allowed.body.response?.allowed).to.equal(true);
        expect(recorder.refusals).to.have.length(1);
        expect(recorder.refusals[0]).to.include({
          path: "/observe",
          mode: "observe",
          code,
          uid: request.uid,
          outcome: "wouldRefuse",
        });
        expect(recorder.requests[0]).to.include({ allowed: true, mode: "observe" });
        expect(recorder.requests[0]).to.not.have.property("caller");
        // whoever proved who they are and showed a review that is not theirs to show is named
        if (code.startsWith("ERR_GROUP")) expect(recorder.refusals[0]).to.have.property("caller", callerName);
        else expect(recorder.refusals[0]).to.not.have.property("caller");
        expect(recorder.refusals[0]?.requestId).to.be.a("string");
        expect(recorder.requests[0]?.requestId).to.equal(recorder.refusals[0]?.requestId);
        const denied = await rig.post({ ...post, path: "/observe/denied" });
        expect(denied.body.response?.allowed).to.equal(false);
      });

    it("knows the callers it would accept", async () => {
      await rig.post({ token: good, path: "/observe" });
      expect(recorder.refusals).to.deep.equal([]);
      expect(recorder.requests[0]).to.include({ method: "webhookToken" });
    });
  });

  describe("in off mode", () => {
    for (const [name, { post }] of Object.entries(refusedCallers))
      it(`asks nothing of a caller that ${name}`, async () => {
        const { body } = await rig.post({ ...post, path: "/off" });
        expect(body.response?.allowed).to.equal(true);
        expect(recorder.refusals).to.deep.equal([]);
      });

    it("still refuses what is no review", async () => {
      const { status } = await rig.post({ path: "/off", body: "[]" });
      expect(status).to.equal(400);
    });
  });

  const faults: Record<string, { post: PostOptions; code: number; reason: string; field: string }> = {
    "another method": { post: { method: "PUT" }, code: 405, reason: "MethodNotAllowed", field: "POST" },
    "another content type": {
      post: { headers: { "Content-Type": "text/plain" } },
      code: 415,
      reason: "UnsupportedMediaType",
      field: "content-type",
    },
    "a content type that only begins like JSON": {
      post: { headers: { "Content-Type": "application/json-patch+json" } },
      code: 415,
      reason: "UnsupportedMediaType",
      field: "content-type",
    },
    "a compressed body": {
      post: { headers: { "Content-Encoding": "gzip" } },
      code: 415,
      reason: "UnsupportedMediaType",
      field: "content-encoding",
    },
    "a member that stands twice": {
      post: { body: JSON.stringify(reviewOf()).replace('"operation":', '"operation":"DELETE","operation":') },
      code: 400,
      reason: "BadRequest",
      field: "operation",
    },
    "a wrong type": {
      post: { body: bodyOf(reviewOf({ operation: 1 })) },
      code: 400,
      reason: "BadRequest",
      field: "operation",
    },
    "another version": {
      post: { body: bodyOf({ ...reviewOf(), apiVersion: "admission.k8s.io/v2" }) },
      code: 400,
      reason: "BadRequest",
      field: "apiVersion",
    },
  };
  for (const [name, { post, code, reason, field }] of Object.entries(faults)) {
    it(`denies ${name} with its uid and names the fault, for Ignore would admit on HTTP ${code}`, async () => {
      const { status, body } = await rig.post({ token: good, ...post });
      expect(status).to.equal(200);
      expect(body.response).to.deep.include({ uid: request.uid, allowed: false });
      expect(body.response?.status).to.include({ code, reason });
      expect(body.response?.status?.message).to.contain(field);
    });

    it(`answers ${name} as HTTP ${code} where no uid can be found`, async () => {
      const { status, body } = await rig.post({ token: good, ...post, body: '{"request":{' });
      expect(status).to.equal(
        name.startsWith("a member") || name.includes("wrong") || name.includes("version") ? 400 : code,
      );
      expect(body).to.include({ kind: "Status" });
    });
  }

  describe("whose authenticator", () => {
    const hanging = { authenticateRequest: () => new Promise<never>(() => undefined) };
    const broken = {
      authenticateRequest() {
        throw new TypeError("a fault of ours, with good in it");
      },
    };
    const indifferent = { authenticateRequest: async () => undefined };
    const answers = async (options: Parameters<typeof createRoute>[0]) => {
      const other = await startWebhook([createRoute(options)]);
      const answer = await other.post({ token: good, path: `${path}?timeout=400ms` });
      await other.close();
      return answer;
    };

    it("does not answer is denied in time, for a call that times out is an allow under Ignore", async () => {
      const { status, body } = await answers({ authenticator: hanging });
      expect(status).to.equal(200);
      expect(body.response?.status).to.include({ code: 401, message: callerRefusedMessage });
      expect(recorder.refusals[0]).to.include({ code: "ERR_ISSUER_UNAVAILABLE", uid: request.uid });
    });

    it("does not answer leaves the policy its time in observe mode", async () => {
      const slow = { ...denyAll, validate: async () => true };
      const { body } = await answers({ authenticator: hanging, mode: "observe", policies: () => [slow] });
      expect(body.response?.allowed).to.equal(true);
      expect(recorder.refusals[0]).to.include({ code: "ERR_ISSUER_UNAVAILABLE", outcome: "wouldRefuse" });
    });

    it("throws denies without a word of it, and hinders nothing in observe mode", async () => {
      const { status, text } = await answers({ authenticator: broken });
      expect(status).to.equal(200);
      expect(text).to.contain('"allowed":false').and.not.contain("good in it");
      const { body } = await answers({ authenticator: broken, mode: "observe" });
      expect(body.response?.allowed).to.equal(true);
      expect(recorder.refusals.map(({ code }) => code)).to.deep.equal(["ERR_INTERNAL", "ERR_INTERNAL"]);
    });

    it("has no opinion denies", async () => {
      expect((await answers({ authenticator: indifferent })).body.response?.allowed).to.equal(false);
      expect(
        (await answers({ authenticator: indifferent, mode: "observe" })).body.response?.allowed,
      ).to.equal(true);
    });
  });

  it("denies when a policy that was exchanged is none, and shows nothing of the file", async () => {
    let policies = [denyAll];
    const other = await startWebhook([createRoute({ policies: () => policies })]);
    policies = [{ ...denyAll, match: [] }];
    const { status, body } = await other.post({ token: good });
    await other.close();
    expect(status).to.equal(200);
    expect(body.response?.status?.code).to.equal(500);
  });

  it("denies a body over the limit, and one of exactly the limit not", async () => {
    const route = createRoute({ limits: { maxBodyBytes: 10_000 } });
    const small = await startWebhook([route]);
    const padded = (size: number): Buffer => {
      const body = JSON.stringify(reviewOf());
      return Buffer.from(body + " ".repeat(size - Buffer.byteLength(body)));
    };
    const atLimit = await small.post({ token: good, body: padded(10_000) });
    expect(atLimit.body.response?.allowed).to.equal(true);
    const over = await small.post({ token: good, body: padded(10_001) });
    expect(over.status).to.equal(200);
    expect(over.body.response).to.deep.include({ uid: request.uid, allowed: false });
    expect(over.body.response?.status).to.include({ code: 413, reason: "RequestEntityTooLarge" });
    await small.close();
  });

  it("takes a review of 6 MiB, two objects of the size an API server accepts", async () => {
    const large = {
      ...deployment,
      metadata: { ...deployment.metadata, annotations: { a: "x".repeat(3 * 1024 * 1024) } },
    };
    const { body } = await rig.post({
      token: good,
      body: bodyOf(reviewOf({ operation: "UPDATE", object: large, oldObject: large })),
    });
    expect(body.response?.allowed).to.equal(true);
  });

  it("reads chunked bodies to their end", async () => {
    const text = JSON.stringify(reviewOf());
    const { body } = await rig.post({
      token: good,
      send(request) {
        for (let at = 0; at < text.length; at += 97) request.write(text.slice(at, at + 97));
        request.end();
      },
    });
    expect(body.response?.allowed).to.equal(true);
  });

  for (const other of [`${path}/`, path.toUpperCase(), `/x${path}`, "/", "/validate"])
    it(`does not know ${other}: paths are compared byte for byte`, async () => {
      const { status, body } = await rig.post({ token: good, path: other });
      expect(status).to.equal(404);
      expect(body).to.include({ kind: "Status", reason: "NotFound" });
    });

  it("never sends Retry-After, which API servers obey ten times over", async () => {
    for (const post of [{}, { token: good }, { path: "/nowhere" }, { body: "x" }, { method: "GET" }])
      expect((await rig.post(post)).headers).to.not.have.property("retry-after");
  });

  it("gives every stranger the same answer for the same review, to the byte", async () => {
    const texts = new Set<string>();
    for (const { post, status } of Object.values(refusedCallers))
      if (status === undefined) texts.add((await rig.post(post)).text);
    expect([...texts]).to.have.length(1);
  });
});
