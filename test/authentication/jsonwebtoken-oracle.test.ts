import { expect } from "chai";
import fc from "fast-check";
import jwt from "jsonwebtoken";
import { signingAlgorithms } from "../../src/authentication/algorithms.ts";
import { createWebhookCallerAuthenticator } from "../../src/authentication/webhook-callers.ts";
import {
  audience,
  base64url,
  boundClaims,
  type Claims,
  clusterIssuer,
  forgerKey,
  issuerOf,
  mint,
  mintWithPublicKeyAsSecret,
  noon,
  otherAudience,
  signingKey,
  signParts,
  stoppedClock,
} from "./minting.ts";
import { verdictOf } from "./outcome.ts";

/**
 * jsonwebtoken as the oracle: another implementation of the same RFCs, told the same. What it refuses we must refuse;
 * what it accepts we accept, but for the rules that it does not have, each of which is named here.
 */
const keys = signingAlgorithms.map((alg) => signingKey(alg, alg));
const ours = createWebhookCallerAuthenticator({
  audiences: [audience],
  issuers: [issuerOf(keys)],
  webhookTokens: { kinds: ["ValidatingWebhookConfiguration"] },
  leewaySeconds: 0,
  cacheTTLMs: 0,
  clock: stoppedClock(),
});

const verdict = (token: string): Promise<string> =>
  verdictOf(() => ours.authenticateRequest({ authorization: [`Bearer ${token}`] }));

function oracle(token: string): string {
  try {
    const kid = jwt.decode(token, { complete: true })?.header.kid;
    const key = keys.find((candidate) => candidate.kid === kid);
    if (key === undefined) return "unknown key";
    jwt.verify(token, key.publicKey, {
      algorithms: [key.alg],
      issuer: clusterIssuer,
      audience,
      clockTimestamp: noon,
    });
    return "accepted";
  } catch (error) {
    return (error as Error).message;
  }
}

const changed = (token: string, part: number, change: (text: string) => string): string =>
  token
    .split(".")
    .map((text, index) => (index === part ? change(text) : text))
    .join(".");

const key = keys[0]!;
const withClaims = (claims: Claims): string => mint({ key, claims });

describe("jsonwebtoken agrees", () => {
  for (const signing of keys) {
    it(`on a good ${signing.alg} token of ours, and of its own`, async () => {
      const own = jwt.sign(boundClaims(), signing.privateKey, { algorithm: signing.alg, keyid: signing.kid });
      for (const token of [mint({ key: signing }), own]) {
        expect(oracle(token)).to.equal("accepted");
        expect(await verdict(token)).to.equal("accepted");
      }
    });

    it(`on a forged ${signing.alg} token`, async () => {
      const token = mint({ key: signingKey(signing.alg, signing.kid) });
      expect(oracle(token)).to.equal("invalid signature");
      expect(await verdict(token)).to.equal("ERR_TOKEN_SIGNATURE");
    });
  }

  const refused: Readonly<Record<string, string>> = {
    nothing: "",
    "no token": "abc",
    "two parts": mint({ key }).split(".").slice(0, 2).join("."),
    "four parts": `${mint({ key })}.x`,
    "an unsigned token": changed(mint({ key }), 2, () => ""),
    "alg none": changed(mint({ key, header: { alg: "none" } }), 2, () => ""),
    "the public key as an HMAC's secret": mintWithPublicKeyAsSecret(key, boundClaims()),
    "an algorithm of another key": mint({ key, header: { alg: "ES256" } }),
    "an algorithm of the same key type": mint({ key, header: { alg: "RS384" } }),
    "an unknown kid": mint({ key: signingKey("RS256", "nobody") }),
    "another signer": mint({ key: { ...forgerKey, kid: key.kid } }),
    "a changed payload": changed(mint({ key }), 1, () => base64url(boundClaims({ jti: "other" }))),
    "a changed header": changed(mint({ key }), 0, () => base64url({ alg: key.alg, kid: key.kid, x: 1 })),
    "a cut signature": changed(mint({ key }), 2, (text) => text.slice(0, -4)),
    "an exp that has come": withClaims(boundClaims({ exp: noon })),
    "an exp in the past": withClaims(boundClaims({ exp: noon - 1 })),
    "an exp that is text": withClaims(boundClaims({ exp: "soon" })),
    "an nbf ahead": withClaims(boundClaims({ nbf: noon + 1 })),
    "an nbf that is text": withClaims(boundClaims({ nbf: "now" })),
    "another audience": withClaims(boundClaims({ aud: [otherAudience] })),
    "no audience": withClaims(boundClaims({ aud: undefined })),
    "an empty list of audiences": withClaims(boundClaims({ aud: [] })),
    "another issuer": withClaims(boundClaims({ iss: "https://evil.example" })),
    "no issuer": withClaims(boundClaims({ iss: undefined })),
    "a payload that is a text": signParts(base64url({ alg: key.alg, kid: key.kid }), base64url('"sub"'), key),
    "a header that is no JSON": signParts(base64url("{"), base64url(boundClaims()), key),
  };
  for (const [name, token] of Object.entries(refused))
    it(`that ${name} is refused`, async () => {
      expect(oracle(token)).not.to.equal("accepted");
      expect(await verdict(token)).to.match(/^ERR_(?:TOKEN|AUTHORIZATION)_/);
    });

  it("whenever we accept, whatever is done to a good token", async () => {
    const token = mint({ key });
    const edits = fc.record({
      at: fc.nat(token.length - 1),
      text: fc.constantFrom("", "A", "_", "=", ".", "é", "AA"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edits, { minLength: 1, maxLength: 3 }), async (list) => {
        const edited = list.reduce(
          (text, { at, text: insert }) => text.slice(0, at) + insert + text.slice(at + 1),
          token,
        );
        if ((await verdict(edited)) === "accepted") expect(oracle(edited)).to.equal("accepted");
      }),
      { numRuns: 300 },
    );
  });
});

describe("jsonwebtoken accepts, and we do not", () => {
  const stricter: Readonly<Record<string, readonly [string, string]>> = {
    "a token without exp": ["ERR_TOKEN_MALFORMED", withClaims(boundClaims({ exp: undefined }))],
    "a token without nbf": ["ERR_TOKEN_MALFORMED", withClaims(boundClaims({ nbf: undefined }))],
    "a token without iat": ["ERR_TOKEN_MALFORMED", withClaims(boundClaims({ iat: undefined }))],
    "an iat in the future": [
      "ERR_TOKEN_NOT_YET_VALID",
      withClaims(boundClaims({ iat: noon + 3600, exp: noon + 4000 })),
    ],
    "a token that lives for an hour": ["ERR_TOKEN_LIFETIME", withClaims(boundClaims({ exp: noon + 3540 }))],
    "a second audience": ["ERR_TOKEN_AUDIENCE", withClaims(boundClaims({ aud: [audience, otherAudience] }))],
    "a claim that stands twice": [
      "ERR_TOKEN_MALFORMED",
      mint({ key, claims: `{"exp":1,${JSON.stringify(boundClaims()).slice(1)}` }),
    ],
    "crit that nobody understands": ["ERR_TOKEN_MALFORMED", mint({ key, header: { crit: ["exp"] } })],
    "a token of another type": ["ERR_TOKEN_MALFORMED", mint({ key, header: { typ: "at+jwt" } })],
    "a signature that is not canonical base64url": [
      "ERR_TOKEN_MALFORMED",
      changed(mint({ key }), 2, (text) => nextInAlphabet(text)),
    ],
  };
  for (const [name, [code, token]] of Object.entries(stricter))
    it(name, async () => {
      expect(oracle(token)).to.equal("accepted");
      expect(await verdict(token)).to.equal(code);
    });
});

/** 256 bytes are 341.3 characters: the last carries four bits that mean nothing, so its neighbour decodes alike. */
function nextInAlphabet(text: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)!) + 1];
}
