import { expect } from "chai";
import fc from "fast-check";
import {
  type AudienceTokenIntent,
  tokenOfReply,
  tokenRequestFor,
} from "../../src/credentials/token-request.ts";
import { CountersignError } from "../../src/errors.ts";
import { attested, jwtOf, replyTo, serviceAccount } from "./token-request-rig.ts";

const now = Date.UTC(2026, 0, 1);
const request = tokenRequestFor(attested);
const plain: AudienceTokenIntent = { mode: "audience", audiences: ["a", "b"] };
const take = (body: unknown, requestedAt = now) => tokenOfReply(body, serviceAccount, attested, requestedAt);

describe("token request", () => {
  it("asks for an attested token: one audience, one group, the configuration with its uid, ten minutes", () => {
    expect(request).to.deep.equal({
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: {
        audiences: ["https://svc.ns.svc:443/v"],
        expirationSeconds: 600,
        boundObjectRef: {
          apiVersion: "admissionregistration.k8s.io/v1",
          kind: "ValidatingWebhookConfiguration",
          name: "c",
          uid: "u-1",
        },
        attestations: { admissionReviewAPIGroups: ["apps"] },
      },
    });
  });

  it("asks for a plain token with nothing that an old server would drop", () => {
    expect(tokenRequestFor(plain).spec).to.deep.equal({ audiences: ["a", "b"], expirationSeconds: 600 });
    expect(tokenRequestFor({ ...plain, expirationSeconds: 3600 }).spec.expirationSeconds).to.equal(3600);
  });

  it("takes a reply that carries what was asked", () => {
    const token = take(replyTo(request, now));
    expect(token).to.include({ requestedAt: now, expiresAt: now + 600_000 });
    expect(token.token.reveal()).to.match(/^e30\./);
    const plainRequest = tokenRequestFor(plain);
    expect(tokenOfReply(replyTo(plainRequest, now), serviceAccount, plain, now).expiresAt).to.equal(
      now + 600_000,
    );
  });

  it("takes no longer life from a server whose clock is ahead than the token has", () => {
    expect(take(replyTo(request, now + 3_600_000)).expiresAt).to.equal(now + 600_000);
  });

  it("takes the instant the server says where its clock is behind", () => {
    expect(take(replyTo(request, now - 300_000)).expiresAt).to.equal(now + 300_000);
  });

  const kubernetes = { validatingwebhookconfiguration: { name: "c", uid: "u-1" } };
  const groups = (...names: string[]) => ({ attestations: { admissionReviewAPIGroups: names } });
  const claim = (members: object) => ({ "kubernetes.io": { ...kubernetes, ...groups("apps"), ...members } });
  const spec = (members: object) => ({ spec: { ...request.spec, ...members } });
  const mismatches: readonly (readonly [string, object, object, RegExp])[] = [
    [
      "dropped attestations",
      {},
      spec({ attestations: undefined }),
      /spec\.attestations should be \["apps"\], is nothing/,
    ],
    ["a dropped bound object", {}, spec({ boundObjectRef: null }), /spec\.boundObjectRef\.kind/],
    [
      "another uid in the bound object",
      {},
      spec({ boundObjectRef: { ...request.spec.boundObjectRef, uid: "x" } }),
      /boundObjectRef\.uid/,
    ],
    ["another audience", {}, spec({ audiences: ["other"] }), /spec\.audiences/],
    ["no spec", {}, { spec: undefined }, /spec\.audiences/],
    ["a token for another audience", { aud: ["other"] }, {}, /claim aud/],
    ["a token for one audience more", { aud: [attested.audience, "other"] }, {}, /claim aud/],
    [
      "a token of another ServiceAccount",
      { sub: "system:serviceaccount:kube-system:other" },
      {},
      /claim sub/,
    ],
    [
      "a token without its namespace of claims",
      { "kubernetes.io": undefined },
      {},
      /claim kubernetes\.io\.validatingwebhookconfiguration\.name/,
    ],
    [
      "a token bound to another configuration",
      claim({ validatingwebhookconfiguration: { name: "d", uid: "u-1" } }),
      {},
      /configuration\.name should be "c", is "d"/,
    ],
    [
      "a token bound to its successor",
      claim({ validatingwebhookconfiguration: { name: "c", uid: "u-2" } }),
      {},
      /configuration\.uid/,
    ],
    [
      "a token without attestation",
      claim({ attestations: undefined }),
      {},
      /claim kubernetes\.io\.attestations/,
    ],
    ["a token for another group", claim(groups("batch")), {}, /should be \["apps"\], is \["batch"\]/],
    ["a token for one group more", claim(groups("apps", "batch")), {}, /attestations/],
    ["no token", {}, { status: undefined }, /status\.token should be "a token", is nothing/],
    [
      "an empty token",
      {},
      { status: { token: "", expirationTimestamp: "2026-01-01T00:00:00Z" } },
      /status\.token/,
    ],
    ["no end", {}, { status: { token: jwtOf({}) } }, /status\.expirationTimestamp/],
    [
      "what is no JWT",
      {},
      { status: { token: "opaque", expirationTimestamp: "2026-01-01T00:00:00Z" } },
      /a signed JWT/,
    ],
  ];
  for (const [name, claims, members, message] of mismatches)
    it(`refuses ${name}`, () => {
      expect(() => take(replyTo(request, now, { ...claims }, { ...members })))
        .to.throw(CountersignError, message)
        .with.property("code", "ERR_TOKEN_REQUEST_MISMATCH");
    });

  it("shows no token in what it says", () => {
    const body = replyTo(request, now, { aud: ["other"] });
    expect(() => take(body))
      .to.throw()
      .with.property("message")
      .that.does.not.include(body.status.token);
  });

  it("takes nothing from a hostile reply", () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (body, status) => {
        for (const reply of [body, { ...request, status }, { ...replyTo(request, now), spec: body }])
          expect(() => take(reply)).to.throw(CountersignError);
      }),
    );
  });
});
