import { expect } from "chai";
import fc from "fast-check";
import { decodeKeySet } from "../../src/authentication/key-set.ts";
import { decodeSignedToken } from "../../src/authentication/signed-token.ts";
import { processTokenReview } from "../../src/authentication/token-review.ts";
import { createWebhookCallerAuthenticator } from "../../src/authentication/webhook-callers.ts";
import { CountersignError } from "../../src/errors.ts";
import {
  audience,
  base64url,
  boundClaims,
  clusterKey,
  forgerKey,
  issuerOf,
  mint,
  signParts,
  stoppedClock,
} from "./minting.ts";
import { outcomeOf } from "./outcome.ts";

const issuer = issuerOf();
const authenticator = createWebhookCallerAuthenticator({
  audiences: [audience],
  issuers: [issuer],
  webhookTokens: { kinds: ["ValidatingWebhookConfiguration"] },
  serviceAccounts: [{ namespace: "kube-system", name: "webhook-auth" }],
  clock: stoppedClock(),
});

/** What the signature of the one good token is over: nothing else may ever make a caller. */
const goodToken = mint();
const judge = (authorization: readonly string[]) =>
  outcomeOf(() => authenticator.authenticateRequest({ authorization }));

const scrap = fc.oneof(
  fc.constantFrom(
    "",
    ".",
    "..",
    "e30",
    "e30.e30.e30",
    goodToken,
    "Bearer",
    "bearer ",
    ",",
    " ",
    "\u0000",
    "%00",
    "é",
  ),
  fc.string(),
  fc.base64String(),
);
const json = fc.jsonValue({ maxDepth: 4 });
const names = fc.constantFrom(
  ...[
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "kubernetes.io",
    "__proto__",
    "constructor",
    "toString",
  ],
  ...["namespace", "serviceaccount", "name", "uid", "attestations", "admissionReviewAPIGroups"],
  ...["validatingwebhookconfiguration", "validatingWebhookConfiguration", "mutatingwebhookconfiguration"],
);
const claimValue = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    json,
    fc.array(tie("any"), { maxLength: 2 }),
    fc.dictionary(names, tie("any"), { maxKeys: 3 }),
  ),
}));
/** Claims of a good token with some replaced, wherever they stand. */
const claims = fc
  .tuple(
    fc.dictionary(names, claimValue.any, { maxKeys: 3 }),
    fc.dictionary(names, claimValue.any, { maxKeys: 3 }),
  )
  .map(([more, inner]) => boundClaims(more, inner));
const header = fc.dictionary(
  fc.constantFrom("alg", "kid", "typ", "crit", "jku", "jwk", "b64", "__proto__"),
  json,
  { maxKeys: 3 },
);

describe("hostile input", () => {
  before(() => issuer.start());

  it("in headers: a coded refusal, and never a caller without the good token", async () => {
    const value = fc.oneof(
      scrap,
      fc
        .tuple(fc.constantFrom("Bearer ", "bearer  ", "Basic ", "Bearer\t"), scrap)
        .map((parts) => parts.join("")),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 3 }), async (authorization) => {
        const outcome = await judge(authorization);
        const good =
          authorization.length === 1 &&
          /^bearer /i.test(authorization[0]!) &&
          authorization[0]!.slice(7) === goodToken;
        if (good) expect(outcome).to.have.property("method", "webhookToken");
        else expect(outcome).to.be.instanceOf(CountersignError);
      }),
      { numRuns: 1000 },
    );
  });

  it("in unsigned tokens: whatever the claims and the header say, nobody is let in", async () => {
    await fc.assert(
      fc.asyncProperty(claims, header, fc.base64String(), async (payload, more, signature) => {
        const head = base64url({ alg: "RS256", kid: clusterKey.kid, ...more });
        const token = `${head}.${base64url(payload)}.${signature}`;
        expect(await judge([`Bearer ${token}`])).to.be.instanceOf(CountersignError);
      }),
      { numRuns: 500 },
    );
  });

  it("in forged tokens: a signature by any other key lets nobody in", async () => {
    await fc.assert(
      fc.asyncProperty(claims, async (payload) => {
        expect(await judge([`Bearer ${mint({ key: forgerKey, claims: payload })}`])).to.be.instanceOf(
          CountersignError,
        );
      }),
      { numRuns: 100 },
    );
  });

  it("in signed tokens: odd claims of a real issuer are refused by code, or make a caller of this audience", async () => {
    await fc.assert(
      fc.asyncProperty(claims, async (payload) => {
        const outcome = await judge([`Bearer ${mint({ claims: payload })}`]);
        if (outcome instanceof CountersignError)
          expect(outcome.code).to.match(/^ERR_(?:TOKEN_|CALLER_UNNAMED)/);
        else expect(outcome?.audience).to.equal(audience);
      }),
      { numRuns: 200 },
    );
  });

  it("in signed payloads that are not what they should be: refused before the signature is looked at", async () => {
    const text = fc.oneof(
      json.map((value) => JSON.stringify(value)),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(text, async (payload) => {
        const token = signParts(base64url({ alg: "RS256", kid: clusterKey.kid }), base64url(payload));
        expect(await judge([`Bearer ${token}`])).to.have.property("code", "ERR_TOKEN_MALFORMED");
      }),
      { numRuns: 100 },
    );
  });

  it("never repeats a token or its signature in a message", async () => {
    await fc.assert(
      fc.asyncProperty(claims, async (payload) => {
        const token = mint({ key: forgerKey, claims: payload });
        const outcome = (await judge([`Bearer ${token}`])) as CountersignError;
        for (const part of token.split(".")) expect(outcome.message).not.to.contain(part);
        expect(outcome.message).to.match(/^[ -~]*$/);
      }),
      { numRuns: 100 },
    );
  });

  const onlyCoded = (work: () => unknown): void => {
    try {
      work();
    } catch (error) {
      expect(error).to.be.instanceOf(CountersignError);
      expect((error as CountersignError).message).to.match(/\S/);
    }
  };

  it("in tokens of any text: taken apart or refused by code", () =>
    fc.assert(fc.property(scrap, (text) => onlyCoded(() => decodeSignedToken(text)))));

  it("in JWKS documents: keys or a coded refusal", () => {
    const member = fc.constantFrom(
      "kty",
      "kid",
      "use",
      "alg",
      "key_ops",
      "n",
      "e",
      "crv",
      "x",
      "y",
      "d",
      "__proto__",
    );
    const value = fc.oneof(
      json,
      fc.constantFrom("RSA", "EC", "oct", "P-256", "sig", "AQAB", "AQ", clusterKey.jwk.n),
    );
    const key = fc.dictionary(member, value).map((more) => ({ ...clusterKey.jwk, ...more }));
    const document = fc.oneof(json, fc.record({ keys: fc.oneof(json, fc.array(key, { maxLength: 4 })) }));
    fc.assert(
      fc.property(document, (jwks) => onlyCoded(() => decodeKeySet(jwks))),
      { numRuns: 500 },
    );
  });

  it("in TokenReviews: a caller who was authenticated for the audience, or a coded refusal", () => {
    const status = fc.record(
      {
        authenticated: fc.oneof(fc.boolean(), json),
        audiences: fc.oneof(fc.constant([audience]), json),
        user: fc.oneof(
          json,
          fc.record(
            { username: fc.oneof(fc.string(), json), uid: json, groups: json, extra: json },
            { requiredKeys: [] },
          ),
        ),
        error: json,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(json, fc.record({ status: fc.oneof(status, json) })), (answer) => {
        onlyCoded(() => {
          const caller = processTokenReview(answer, { audiences: [audience] });
          expect(caller.audience).to.equal(audience);
          expect(answer).to.have.nested.property("status.authenticated", true);
        });
      }),
      { numRuns: 1000 },
    );
  });
});
