import { expect } from "chai";
import { serviceAccountTokenProfile } from "../../src/authentication/service-account-token.ts";
import { signatureProof } from "../../src/authentication/signature-proof.ts";
import { createTokenVerifier } from "../../src/authentication/token-verifier.ts";
import { Secret } from "../../src/secret.ts";
import {
  audience,
  boundClaims,
  type Claims,
  configurationUid,
  issuerOf,
  mint,
  noon,
  otherAudience,
  plainClaims,
  stoppedClock,
} from "./minting.ts";
import { outcomeOf } from "./outcome.ts";

const named = { namespace: "kube-system", name: "webhook-auth" };
const issuers = [issuerOf()];
const oursToo = "https://countersign.countersign-system.svc:443/mutate/pods";

async function judge(claims: Claims, serviceAccounts = [named]) {
  const verifier = createTokenVerifier({
    checks: [],
    profiles: [
      serviceAccountTokenProfile({
        audiences: [audience],
        serverAudiences: [audience, oursToo],
        serviceAccounts,
      }),
    ],
    proofs: [signatureProof({ issuers })],
    clock: stoppedClock(),
  });
  return outcomeOf(() => verifier.authenticateToken(new Secret(mint({ claims }))));
}

describe("plain ServiceAccount tokens", () => {
  it("make a caller of a named ServiceAccount, its pod and node in the extras", async () => {
    const claims = plainClaims({}, { pod: { name: "p", uid: "pu" }, node: { name: "n", uid: "nu" } });
    expect(await judge(claims)).to.deep.equal({
      method: "serviceAccountToken",
      user: {
        username: "system:serviceaccount:kube-system:webhook-auth",
        uid: "a3f2a1ce-29d9-4be6-9a2e-0a4ce42ba75c",
        groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
        extra: {
          "authentication.kubernetes.io/credential-id": ["JTI=1c6ccd2b-8d4c-4c1f-9d5a-40d9cd6f9bb2"],
          "authentication.kubernetes.io/pod-name": ["p"],
          "authentication.kubernetes.io/pod-uid": ["pu"],
          "authentication.kubernetes.io/node-name": ["n"],
          "authentication.kubernetes.io/node-uid": ["nu"],
        },
      },
      audience,
      expiresAt: (noon + 540) * 1000,
    });
  });

  const accepted: Readonly<Record<string, Claims>> = {
    "the route's audience beside another of this server's": plainClaims({ aud: [oursToo, audience] }),
    "a life of a year": plainClaims({ exp: noon + 31_536_000 }),
    "no jti": plainClaims({ jti: undefined }),
  };
  for (const [name, claims] of Object.entries(accepted))
    it(`accept ${name}, for the route's audience`, async () =>
      expect(await judge(claims)).to.have.property("audience", audience));

  const binding = { name: "countersign", uid: configurationUid };
  const refused: Readonly<Record<string, readonly [string, Claims, (typeof named)[]?]>> = {
    "one that is not named, though it is good": ["ERR_CALLER_UNNAMED", plainClaims(), []],
    "one of that name in another namespace": [
      "ERR_CALLER_UNNAMED",
      plainClaims(),
      [{ ...named, namespace: "default" }],
    ],
    "a foreign audience beside the route's: another holder could replay it": [
      "ERR_TOKEN_AUDIENCE",
      plainClaims({ aud: [audience, otherAudience] }),
    ],
    "an audience of this server that is not the route's": [
      "ERR_TOKEN_AUDIENCE",
      plainClaims({ aud: [oursToo] }),
    ],
    "another's audience": ["ERR_TOKEN_AUDIENCE", plainClaims({ aud: [otherAudience] })],
    "the API server's own audience": [
      "ERR_TOKEN_AUDIENCE",
      plainClaims({ aud: ["https://kubernetes.default.svc"] }),
    ],
    "no audience": ["ERR_TOKEN_AUDIENCE", plainClaims({ aud: [] })],
    "an expired one": ["ERR_TOKEN_EXPIRED", plainClaims({ exp: noon })],
    "one from the future": ["ERR_TOKEN_NOT_YET_VALID", plainClaims({ nbf: noon + 61 })],
    "a sub and claims that disagree": [
      "ERR_TOKEN_MALFORMED",
      plainClaims({ sub: "system:serviceaccount:kube-system:x" }),
    ],
    "a user that is no ServiceAccount": ["ERR_TOKEN_MALFORMED", plainClaims({ sub: "system:admin" })],
    "a webhook-bound token": ["ERR_TOKEN_UNACCEPTED", boundClaims()],
    "a bound token without attestation": [
      "ERR_TOKEN_UNACCEPTED",
      plainClaims({}, { mutatingwebhookconfiguration: binding }),
    ],
    "an attestation without binding": [
      "ERR_TOKEN_UNACCEPTED",
      plainClaims({}, { attestations: { admissionReviewAPIGroups: ["apps"] } }),
    ],
    "a binding written in camel case": [
      "ERR_TOKEN_MALFORMED",
      plainClaims({}, { validatingWebhookConfiguration: binding }),
    ],
  };
  for (const [name, [code, claims, accounts]] of Object.entries(refused))
    it(`refuse ${name}: ${code}`, async () =>
      expect(await judge(claims, accounts)).to.have.property("code", code));

  it("never confuse two accounts whose user names read alike", async () => {
    const claims = plainClaims(
      { sub: "system:serviceaccount:a:b:c" },
      { namespace: "a", serviceaccount: { name: "b:c", uid: "u" } },
    );
    expect(await judge(claims, [{ namespace: "a:b", name: "c" }])).to.have.property(
      "code",
      "ERR_CALLER_UNNAMED",
    );
  });
});
