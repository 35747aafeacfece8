import { inspect } from "node:util";
import { expect } from "chai";
import { verifyAdmissionRequest } from "../../../src/server/review/verify-admission-request.ts";
import { bodyOf, request, reviewOf } from "../../admission/deployment-review.ts";
import { boundClaims, mint, noon } from "../../authentication/minting.ts";
import { createRoute, denyAll, record } from "../webhooks/webhook-rig.ts";

const token = mint();
const body = bodyOf(reviewOf());
const route = createRoute({ policies: () => [denyAll] });
const authorized = { authorization: `Bearer ${token}`, "content-type": "application/json" };

describe("verifyAdmissionRequest", () => {
  for (const [name, headers] of Object.entries({
    "node's headers": authorized,
    "node's rawHeaders": ["Authorization", `Bearer ${token}`, "Content-Type", "application/json"],
    "a Headers object": new Headers(authorized),
  }))
    it(`gives caller and review of a request with ${name}, and asks no policy`, async () => {
      const verified = await verifyAdmissionRequest({ headers, body, route });
      expect(verified).to.have.property("accepted", true);
      if (!verified.accepted) return;
      expect(verified.caller?.user.username).to.equal("system:serviceaccount:kube-system:webhook-auth");
      expect(verified.review.request.uid).to.equal(request.uid);
      expect(verified.review.object?.value()).to.have.nested.property("metadata.name", "web");
    });

  it("takes the body as a string or any bytes", async () => {
    for (const given of [body.toString(), new Uint8Array(body)])
      expect((await verifyAdmissionRequest({ headers: authorized, body: given, route })).accepted).to.equal(
        true,
      );
  });

  it("gives the answer to send where it refuses, and the reason apart from it", async () => {
    const expired = mint({ claims: boundClaims({ exp: noon - 1 }) });
    const headers = { ...authorized, authorization: `Bearer ${expired}` };
    const verified = await verifyAdmissionRequest({ headers, body, route });
    expect(verified).to.include({ accepted: false, code: "ERR_TOKEN_EXPIRED" });
    if (verified.accepted) return;
    expect(verified.answer.status).to.equal(200);
    expect(JSON.parse(verified.answer.body)).to.have.nested.property("response.allowed", false);
    expect(verified.answer.body).to.not.contain("expire");
    expect(inspect(verified)).to.not.contain(expired.slice(-30));
  });

  for (const [name, headers] of Object.entries({
    rawHeaders: [
      "authorization",
      `Bearer ${token}`,
      "Authorization",
      `Bearer ${token}`,
      "content-type",
      "application/json",
    ],
    "a joined header": { ...authorized, authorization: `Bearer ${token}, Bearer ${token}` },
  }))
    it(`sees a second Authorization in ${name}`, async () => {
      const verified = await verifyAdmissionRequest({ headers, body, route });
      expect(verified).to.include({ accepted: false, code: "ERR_AUTHORIZATION_DUPLICATE" });
    });

  it("refuses as the server does what is no review, is too large, or is sent otherwise", async () => {
    const small = createRoute({ limits: { maxBodyBytes: 100 } });
    for (const [options, code, status] of [
      [{ body: "{}" }, "ERR_REVIEW_VERSION", 400],
      [{ body: "" }, "ERR_REVIEW_MALFORMED", 400],
      [{ route: small }, "ERR_REVIEW_TOO_LARGE", 200],
      [{ method: "GET" }, "ERR_REVIEW_METHOD", 200],
      [{ headers: { authorization: authorized.authorization } }, "ERR_REVIEW_MEDIA_TYPE", 200],
    ] as const) {
      const verified = await verifyAdmissionRequest({ headers: authorized, body, route, ...options });
      expect(verified).to.include({ accepted: false, code });
      if (!verified.accepted) expect(verified.answer.status).to.equal(status);
    }
  });

  it("accepts anybody in observe mode, and says whom it would refuse", async () => {
    const recorder = record();
    const observing = createRoute({ mode: "observe" });
    const headers = { "content-type": "application/json" };
    const verified = await verifyAdmissionRequest({ headers, body, route: observing });
    recorder.stop();
    expect(verified).to.include({ accepted: true, caller: undefined });
    expect(recorder.refusals[0]).to.include({
      outcome: "wouldRefuse",
      code: "ERR_CREDENTIALS_MISSING",
      uid: request.uid,
    });
  });
});
