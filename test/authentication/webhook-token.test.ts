import { expect } from "chai";
import { algorithmCheck, issuerCheck, signatureProof } from "../../src/authentication/signature-proof.ts";
import { createTokenVerifier } from "../../src/authentication/token-verifier.ts";
import {
  type WebhookTokenProfileOptions,
  webhookTokenProfile,
} from "../../src/authentication/webhook-token.ts";
import { CountersignError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import {
  audience,
  boundClaims,
  type Claims,
  configurationUid,
  issuerOf,
  mint,
  newUid,
  noon,
  otherAudience,
  stoppedClock,
} from "./minting.ts";
import { outcomeOf } from "./outcome.ts";

const webhookAuth = { namespace: "kube-system", name: "webhook-auth" };
const issuers = [issuerOf()];

/** Through the whole verifier, really signed: what is refused is refused for its claims alone. */
async function judge(claims: Claims, rules: Partial<WebhookTokenProfileOptions> = {}) {
  const profile = webhookTokenProfile({
    audiences: [audience],
    kinds: ["ValidatingWebhookConfiguration"],
    ...rules,
  });
  const verifier = createTokenVerifier({
    checks: [algorithmCheck, issuerCheck(issuers)],
    profiles: [profile],
    proofs: [signatureProof({ issuers })],
    clock: stoppedClock(),
  });
  return outcomeOf(() => verifier.authenticateToken(new Secret(mint({ claims }))));
}

const inner = (more: Claims): Claims => boundClaims({}, more);
const attesting = (...groups: unknown[]): Claims =>
  inner({ attestations: { admissionReviewAPIGroups: groups } });
const bound = (name = "countersign", uid = configurationUid) => ({ name, uid });

describe("webhook-bound tokens", () => {
  it("make a caller of their bearer, as TokenReview would describe it", async () => {
    expect(await judge(boundClaims())).to.deep.equal({
      method: "webhookToken",
      user: {
        username: "system:serviceaccount:kube-system:webhook-auth",
        uid: "a3f2a1ce-29d9-4be6-9a2e-0a4ce42ba75c",
        groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
        extra: {
          "authentication.kubernetes.io/credential-id": ["JTI=1c6ccd2b-8d4c-4c1f-9d5a-40d9cd6f9bb2"],
          "authentication.kubernetes.io/validatingwebhookconfiguration-name": ["countersign"],
          "authentication.kubernetes.io/validatingwebhookconfiguration-uid": [configurationUid],
          "attestation.authentication.kubernetes.io/admissionReviewAPIGroups": ["apps"],
        },
      },
      audience,
      attestedAPIGroup: "apps",
      boundConfiguration: { kind: "ValidatingWebhookConfiguration", ...bound() },
      expiresAt: (noon + 540) * 1000,
    });
  });

  const accepted: Readonly<Record<string, readonly [Claims, Partial<WebhookTokenProfileOptions>?]>> = {
    "a lone audience string": [boundClaims({ aud: audience })],
    "another of the route's audiences": [
      boundClaims({ aud: [otherAudience] }),
      { audiences: [audience, otherAudience] },
    ],
    "a life of exactly 600 s": [boundClaims({ iat: noon, nbf: noon, exp: noon + 600 })],
    "a longer life where that is configured": [
      boundClaims({ exp: noon + 3540 }),
      { maxLifetimeSeconds: 3600 },
    ],
    "the last second of its life": [boundClaims({ exp: noon + 1 })],
    "nbf and iat a minute ahead of our clock": [boundClaims({ nbf: noon + 60, iat: noon + 60 })],
    "a mutating configuration on a mutating route": [
      inner({ validatingwebhookconfiguration: undefined, mutatingwebhookconfiguration: bound() }),
      { kinds: ["MutatingWebhookConfiguration"] },
    ],
    "either kind on a route of both": [
      boundClaims(),
      { kinds: ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"] },
    ],
    "the pinned configuration": [
      boundClaims(),
      { configurations: [{ name: "other" }, { name: "countersign" }] },
    ],
    "the pinned configuration with its uid": [
      boundClaims(),
      { configurations: [{ name: "countersign", uid: configurationUid }] },
    ],
    "one group from a ServiceAccount nobody named": [boundClaims(), { serviceAccounts: [] }],
    "* from a named ServiceAccount": [attesting("*"), { serviceAccounts: [webhookAuth] }],
    "a pod's name beside the binding": [inner({ pod: bound("p") })],
  };
  for (const [name, [claims, rules]] of Object.entries(accepted))
    it(`accept ${name}`, async () => expect(await judge(claims, rules)).not.to.be.instanceOf(Error));

  const refused: Readonly<Record<string, readonly [string, Claims, Partial<WebhookTokenProfileOptions>?]>> = {
    "another webhook's audience": ["ERR_TOKEN_AUDIENCE", boundClaims({ aud: [otherAudience] })],
    "two audiences, though both are the route's": [
      "ERR_TOKEN_AUDIENCE",
      boundClaims({ aud: [audience, otherAudience] }),
      { audiences: [audience, otherAudience] },
    ],
    "one audience twice": ["ERR_TOKEN_AUDIENCE", boundClaims({ aud: [audience, audience] })],
    "no audience": ["ERR_TOKEN_AUDIENCE", boundClaims({ aud: [] })],
    "an empty audience": ["ERR_TOKEN_AUDIENCE", boundClaims({ aud: [""] })],
    "the audience without its port": [
      "ERR_TOKEN_AUDIENCE",
      boundClaims({ aud: [audience.replace(":443", "")] }),
    ],
    "the audience with a trailing slash": ["ERR_TOKEN_AUDIENCE", boundClaims({ aud: [`${audience}/`] })],
    "the audience in other case": ["ERR_TOKEN_AUDIENCE", boundClaims({ aud: [audience.toUpperCase()] })],
    "a longer text that holds the audience": ["ERR_TOKEN_AUDIENCE", boundClaims({ aud: [`${audience}x`] })],
    "its own expiry": ["ERR_TOKEN_EXPIRED", boundClaims({ exp: noon })],
    "an exp in the past": ["ERR_TOKEN_EXPIRED", boundClaims({ exp: noon - 1 })],
    "nbf more than a minute ahead": ["ERR_TOKEN_NOT_YET_VALID", boundClaims({ nbf: noon + 61 })],
    "iat more than a minute ahead": ["ERR_TOKEN_NOT_YET_VALID", boundClaims({ iat: noon + 61 })],
    "nbf ahead where no leeway is given": [
      "ERR_TOKEN_NOT_YET_VALID",
      boundClaims({ nbf: noon + 1 }),
      { leewaySeconds: 0 },
    ],
    "a life of 601 s": ["ERR_TOKEN_LIFETIME", boundClaims({ iat: noon, nbf: noon, exp: noon + 601 })],
    "an exp before its iat": ["ERR_TOKEN_LIFETIME", boundClaims({ iat: noon + 30, exp: noon + 30 })],
    "a sub of another form": ["ERR_TOKEN_MALFORMED", boundClaims({ sub: "webhook-auth" })],
    "a sub that names another ServiceAccount than the claims": [
      "ERR_TOKEN_MALFORMED",
      boundClaims({ sub: "system:serviceaccount:kube-system:other" }),
    ],
    "a sub that names another namespace than the claims": [
      "ERR_TOKEN_MALFORMED",
      inner({ namespace: "other" }),
    ],
    "no binding": ["ERR_TOKEN_BINDING", inner({ validatingwebhookconfiguration: undefined })],
    "both bindings": [
      "ERR_TOKEN_BINDING",
      inner({ mutatingwebhookconfiguration: bound() }),
      { kinds: ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"] },
    ],
    "a configuration of the other kind": [
      "ERR_TOKEN_BINDING",
      inner({ validatingwebhookconfiguration: undefined, mutatingwebhookconfiguration: bound() }),
    ],
    "another configuration than the pinned": [
      "ERR_TOKEN_BINDING",
      boundClaims(),
      { configurations: [{ name: "other" }] },
    ],
    "the pinned name under another uid": [
      "ERR_TOKEN_BINDING",
      inner({ validatingwebhookconfiguration: bound("countersign", newUid()) }),
      { configurations: [{ name: "countersign", uid: configurationUid }] },
    ],
    "any configuration where none is listed": ["ERR_TOKEN_BINDING", boundClaims(), { configurations: [] }],
    "no attestation": ["ERR_TOKEN_ATTESTATION", inner({ attestations: undefined })],
    "attestations without groups": ["ERR_TOKEN_ATTESTATION", inner({ attestations: {} })],
    "an empty list of groups": ["ERR_TOKEN_ATTESTATION", attesting()],
    "two groups": ["ERR_TOKEN_ATTESTATION", attesting("apps", "batch")],
    "* beside a group": ["ERR_TOKEN_ATTESTATION", attesting("apps", "*"), { serviceAccounts: [webhookAuth] }],
    "the empty group": ["ERR_TOKEN_ATTESTATION", attesting("")],
    "an attestation nobody knows beside it": [
      "ERR_TOKEN_ATTESTATION",
      inner({ attestations: { admissionReviewAPIGroups: ["apps"], other: ["x"] } }),
    ],
    "the attestation under the KEP's older name": [
      "ERR_TOKEN_ATTESTATION",
      inner({ attestations: { "webhook-authentication.k8s.io/allowedAPIGroup": ["apps"] } }),
    ],
    "the attestation all lower case": [
      "ERR_TOKEN_ATTESTATION",
      inner({ attestations: { admissionreviewapigroups: ["apps"] } }),
    ],
    "* where no ServiceAccount is named": ["ERR_CALLER_UNNAMED", attesting("*")],
    "* from one that is not named": [
      "ERR_CALLER_UNNAMED",
      attesting("*"),
      { serviceAccounts: [{ ...webhookAuth, name: "other" }] },
    ],
    "* from one of that name in another namespace": [
      "ERR_CALLER_UNNAMED",
      attesting("*"),
      { serviceAccounts: [{ ...webhookAuth, namespace: "default" }] },
    ],
  };
  for (const [name, [code, claims, rules]] of Object.entries(refused))
    it(`refuse ${name}: ${code}`, async () => {
      const outcome = await judge(claims, rules);
      expect(outcome).to.be.instanceOf(CountersignError);
      expect(outcome).to.have.property("code", code);
    });

  it("are told what was expected and what came, both of them", async () => {
    const outcome = (await judge(boundClaims({ aud: [otherAudience] }))) as CountersignError;
    expect(outcome.message).to.equal(
      `token audience: expected exactly one, of "${audience}", got "${otherAudience}"`,
    );
  });

  it("cannot write control characters or endless text into a log", async () => {
    const aud = [`\u001b[2J\u009b\u202e\n${"x".repeat(5000)}`];
    const outcome = (await judge(boundClaims({ aud }))) as CountersignError;
    expect(outcome.message).to.match(/^[ -~]{1,700}$/);
  });
});
