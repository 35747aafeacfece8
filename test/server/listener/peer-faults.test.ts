import { expect } from "chai";
import type { AdmissionRoute } from "../../../src/server/review/admission-route.ts";
import { bodyOf, reviewOf } from "../../admission/deployment-review.ts";
import { audience, boundClaims, mint, otherAudience } from "../../authentication/minting.ts";
import { createRoute, record, startWebhook, type WebhookRig } from "../webhooks/webhook-rig.ts";

// what a token is for, by route: as registered, which is not always as requested
const slashed = "https://hooks.team.svc:443/slashed/";
const bare = "https://hooks.example.com";
const tokenFor = (aud: string): string => mint({ claims: boundClaims({ aud: [aud] }) });
const routeFor = (path: string, aud: string, mode: AdmissionRoute["mode"] = "enforce"): AdmissionRoute =>
  createRoute({ path, mode, callers: { audiences: [aud] } });

describe("faults of kubernetes' webhookauth that we do not have, on the wire", () => {
  let rig: WebhookRig;
  beforeEach(async () => {
    rig = await startWebhook([
      routeFor("/validate/pods", audience),
      routeFor("/other", otherAudience),
      routeFor("/slashed", slashed),
      routeFor("/", bare),
      routeFor("/observed", audience, "observe"),
    ]);
  });
  afterEach(() => rig.close());
  const allowed = async (...options: Parameters<WebhookRig["post"]>): Promise<boolean | undefined> =>
    (await rig.post(...options)).body.response?.allowed;

  /** Node would verify the certificate against the Host header. */
  const agent = () => rig.agent({ servername: "localhost" });

  it("a: the first request, whatever its Host, path and bearer, freezes no audience", async () => {
    const headers = { Host: "useless.nowhere.svc:1", Authorization: "Bearer anything" };
    expect(await allowed({ agent: agent(), headers })).to.equal(false);
    expect(await allowed({ agent: agent(), headers, path: "/other?timeout=10s" })).to.equal(false);
    expect(await allowed({ token: tokenFor(audience) })).to.equal(true);
  });

  it("b: a Host of the thief's own namespace makes his token good for nothing here", async () => {
    const headers = { Host: "countersign.thief.svc:443" };
    const token = tokenFor("https://countersign.thief.svc:443/validate/pods");
    expect(await allowed({ agent: agent(), headers, token })).to.equal(false);
    expect(await allowed({ agent: agent(), headers, token: tokenFor(audience) })).to.equal(true);
  });

  it("d: two paths of one server have an audience each, in whichever order they are called", async () => {
    for (const [path, own, foreign] of [
      ["/other", otherAudience, audience],
      ["/validate/pods", audience, otherAudience],
    ] as const) {
      expect(await allowed({ path: `${path}?timeout=10s`, token: tokenFor(own) })).to.equal(true);
      expect(await allowed({ path: `${path}?timeout=10s`, token: tokenFor(foreign) })).to.equal(false);
    }
  });

  it("f: a registered trailing slash or bare host, which API servers do not request, keeps its audience", async () => {
    expect(await allowed({ path: "/slashed?timeout=10s", token: tokenFor(slashed) })).to.equal(true);
    expect(await allowed({ path: "/slashed?timeout=10s", token: tokenFor(slashed.slice(0, -1)) })).to.equal(
      false,
    );
    expect(await allowed({ path: "/?timeout=10s", token: tokenFor(bare) })).to.equal(true);
  });

  it("g: an update of two objects of 3 MiB is reviewed, and a review beyond 7 MiB denied by its uid", async () => {
    const { object, uid } = reviewOf().request as { uid: string; object: { metadata: object } };
    const sized = (mib: number) => ({
      ...object,
      metadata: { ...object.metadata, annotations: { big: "x".repeat(mib * 1024 * 1024) } },
    });
    const update = (mib: number): Buffer =>
      bodyOf(reviewOf({ operation: "UPDATE", object: sized(mib), oldObject: sized(mib) }));
    const token = tokenFor(audience);
    expect(await allowed({ token, body: update(3) })).to.equal(true);
    const { status, body } = await rig.post({ token, body: update(4) });
    expect(status).to.equal(200);
    expect(body.response).to.include({ allowed: false, uid });
  });

  it("j: two Authorization headers are refused, whichever is the good one", async () => {
    const good = `Bearer ${tokenFor(audience)}`;
    for (const authorization of [
      [good, "Bearer x"],
      ["Bearer x", good],
      [good, good],
    ])
      expect(await allowed({ headers: { authorization: authorization as unknown as string } })).to.equal(
        false,
      );
  });

  it("j: there is a mode that refuses nobody and says whom it would have refused", async () => {
    const recorder = record();
    try {
      expect(await allowed({ path: "/observed?timeout=10s" })).to.equal(true);
      expect(recorder.refusals).to.have.length(1);
      expect(recorder.refusals[0]).to.include({ outcome: "wouldRefuse", code: "ERR_CREDENTIALS_MISSING" });
    } finally {
      recorder.stop();
    }
  });
});
