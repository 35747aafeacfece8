import { expect } from "chai";
import type { Caller } from "../../src/authentication/authenticator.ts";
import { algorithmCheck, issuerCheck, signatureProof } from "../../src/authentication/signature-proof.ts";
import type { TokenProof } from "../../src/authentication/token-check.ts";
import { createTokenVerifier } from "../../src/authentication/token-verifier.ts";
import { webhookTokenProfile } from "../../src/authentication/webhook-token.ts";
import { CountersignError } from "../../src/errors.ts";
import { Secret } from "../../src/secret.ts";
import {
  audience,
  boundClaims,
  clusterKey,
  forgerKey,
  issuerOf,
  mint,
  noon,
  otherAudience,
  plainClaims,
  signingKey,
  stoppedClock,
} from "./minting.ts";
import { outcomeOf, verdictOf } from "./outcome.ts";

function rig(more: readonly TokenProof[] = []) {
  const issuer = issuerOf();
  const verifier = createTokenVerifier({
    checks: [algorithmCheck, issuerCheck([issuer])],
    profiles: [webhookTokenProfile({ audiences: [audience], kinds: ["ValidatingWebhookConfiguration"] })],
    proofs: [signatureProof({ issuers: [issuer] }), ...more],
    clock: stoppedClock(),
  });
  return { issuer, verifier };
}

const unknownKey = signingKey("RS256", "unknown");

describe("createTokenVerifier", () => {
  it("refuses to be made without a proof", () => {
    expect(() => createTokenVerifier({ checks: [], profiles: [], proofs: [] }))
      .to.throw(CountersignError)
      .with.property("code", "ERR_CONFIGURATION");
  });

  describe("refuses without asking for a key", () => {
    const cheap: Readonly<Record<string, readonly [string, string]>> = {
      "what is no token": ["ERR_TOKEN_MALFORMED", "a.b.c"],
      "an algorithm that is not allowed": ["ERR_TOKEN_ALGORITHM", mint({ header: { alg: "HS256" } })],
      "a kind the route does not take": ["ERR_TOKEN_UNACCEPTED", mint({ claims: plainClaims() })],
      "an audience": ["ERR_TOKEN_AUDIENCE", mint({ claims: boundClaims({ aud: [otherAudience] }) })],
      "an expired token": ["ERR_TOKEN_EXPIRED", mint({ claims: boundClaims({ exp: noon }) })],
      "a binding": [
        "ERR_TOKEN_BINDING",
        mint({ claims: boundClaims({}, { validatingwebhookconfiguration: undefined }) }),
      ],
      "an attestation": ["ERR_TOKEN_ATTESTATION", mint({ claims: boundClaims({}, { attestations: {} }) })],
      "an unnamed caller": [
        "ERR_CALLER_UNNAMED",
        mint({ claims: boundClaims({}, { attestations: { admissionReviewAPIGroups: ["*"] } }) }),
      ],
    };
    for (const [name, [code, token]] of Object.entries(cheap))
      it(`${name}: ${code}`, async () => {
        const { issuer, verifier } = rig();
        expect(await verdictOf(() => verifier.authenticateToken(new Secret(token)))).to.equal(code);
        expect(issuer.fetches()).to.equal(0);
      });
  });

  describe("with a second authority", () => {
    const claimed: Caller = {
      method: "tokenReview",
      user: {
        username: "system:serviceaccount:kube-system:webhook-auth",
        uid: "a3f2a1ce-29d9-4be6-9a2e-0a4ce42ba75c",
      },
      audience,
      attestedAPIGroup: "apps",
      boundConfiguration: {
        kind: "ValidatingWebhookConfiguration",
        name: "countersign",
        uid: "5f6a7a52-6d6b-4ab5-8f0c-2b9d7f0e8c11",
      },
    };
    const saying = (named: Caller): TokenProof => ({ name: "token review", prove: async () => named });
    const judge = (named: Caller) => {
      const { verifier } = rig([saying(named)]);
      return outcomeOf(() => verifier.authenticateToken(new Secret(mint())));
    };

    it("takes its word on the user, and the claims' on what they limit", async () => {
      const outcome = await judge(claimed);
      expect(outcome).to.deep.include({
        method: "tokenReview",
        user: claimed.user,
        attestedAPIGroup: "apps",
      });
      expect(outcome).to.have.property("expiresAt", (noon + 540) * 1000);
    });

    const { attestedAPIGroup: _group, ...unattested } = claimed;
    const { boundConfiguration: _binding, ...unbound } = claimed;
    const disagreements: Readonly<Record<string, Caller>> = {
      "another user": { ...claimed, user: { ...claimed.user, username: "system:admin" } },
      "a ServiceAccount that was made anew": { ...claimed, user: { ...claimed.user, uid: "other" } },
      "another group": { ...claimed, attestedAPIGroup: "*" },
      "no group": unattested,
      "another configuration": {
        ...claimed,
        boundConfiguration: { ...claimed.boundConfiguration!, uid: "other" },
      },
      "no configuration": unbound,
    };
    for (const [name, named] of Object.entries(disagreements))
      it(`refuses a token where it names ${name}`, async () =>
        expect(await judge(named)).to.have.property("code", "ERR_TOKEN_REVIEW_REFUSED"));

    it("does not ask it about a forged token", async () => {
      let asked = 0;
      const { verifier } = rig([{ name: "token review", prove: () => void asked++ as undefined }]);
      expect(
        await verdictOf(() => verifier.authenticateToken(new Secret(mint({ key: forgerKey })))),
      ).to.equal("ERR_TOKEN_SIGNATURE");
      expect(asked).to.equal(0);
    });
  });

  describe("explain", () => {
    const explain = (token: string) => rig().verifier.explain(new Secret(token));
    const names = [
      ...[
        "shape",
        "algorithm",
        "issuer",
        "kind",
        "audience",
        "expiry",
        "not before",
        "issued at",
        "lifetime",
      ],
      ...["subject", "binding", "attestation", "caller for all groups", "signature"],
    ];

    it("lists every check of a good token in the verifier's order, all passed, with the values compared", async () => {
      const findings = await explain(mint());
      expect(findings.map(({ check }) => check)).to.deep.equal(names);
      expect(findings.every(({ passed, code }) => passed && code === undefined)).to.equal(true);
      expect(findings.find(({ check }) => check === "audience")).to.deep.equal({
        check: "audience",
        passed: true,
        expected: `exactly one, of "${audience}"`,
        actual: `"${audience}"`,
      });
    });

    it("goes on after a failure: three faults are three findings", async () => {
      const claims = boundClaims({ aud: [otherAudience], exp: noon - 1 }, { attestations: {} });
      const failed = (await explain(mint({ claims }))).filter(({ passed }) => !passed);
      expect(failed.map(({ code }) => code)).to.deep.equal([
        "ERR_TOKEN_AUDIENCE",
        "ERR_TOKEN_EXPIRED",
        "ERR_TOKEN_ATTESTATION",
      ]);
    });

    it("stops at what is no token, saying why", async () =>
      expect(await explain("not a token")).to.deep.equal([
        {
          check: "shape",
          passed: false,
          code: "ERR_TOKEN_MALFORMED",
          actual: "token has 1 parts, a compact JWS has 3",
        },
      ]));

    it("says which kinds a route takes", async () => {
      const kind = (await explain(mint({ claims: plainClaims() }))).find(({ check }) => check === "kind");
      expect(kind).to.deep.equal({
        check: "kind",
        passed: false,
        expected: "webhookToken",
        actual: "another",
        code: "ERR_TOKEN_UNACCEPTED",
      });
    });

    const tokens: Readonly<Record<string, string>> = {
      good: mint(),
      malformed: "a.b.c",
      "of an HMAC": mint({ header: { alg: "HS256" } }),
      "of another issuer": mint({ claims: boundClaims({ iss: "https://evil.example" }) }),
      plain: mint({ claims: plainClaims() }),
      expired: mint({ claims: boundClaims({ exp: noon }) }),
      unbound: mint({ claims: boundClaims({}, { validatingwebhookconfiguration: undefined }) }),
      forged: mint({ key: forgerKey }),
      "of an unknown key": mint({ key: unknownKey }),
    };
    for (const [name, token] of Object.entries(tokens))
      it(`names first what the verifier refuses with: a token that is ${name}`, async () => {
        const { verifier } = rig();
        const first =
          (await verifier.explain(new Secret(token))).find(({ passed }) => !passed)?.code ?? "accepted";
        expect(await verdictOf(() => verifier.authenticateToken(new Secret(token)))).to.equal(first);
      });

    it("never shows the token, its signature or a key", async () => {
      for (const token of Object.values(tokens)) {
        const text = JSON.stringify(await explain(token));
        for (const part of token.split(".").filter((piece) => piece.length > 8))
          expect(text).not.to.contain(part);
        expect(text).not.to.contain(clusterKey.jwk.n);
      }
    });
  });
});
