import { derEncodedSignature, flippedBit, publicJWK } from "../signing.ts";
import { accepted, refused, type VectorDefinition, withClaims } from "./definition.ts";
import { boundClaims } from "./tokens.ts";

const part = (jws: string, index: number): string => jws.split(".")[index]!;
const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** The token's form, its header and its signature. */
export const signature: readonly VectorDefinition[] = [
  ...(["RS256", "RS384", "RS512", "PS256"] as const).map((alg) => ({
    name: alg,
    token: { key: "rsa", header: { alg } } as const,
    expected: accepted("apps"),
  })),
  { name: "ES256", token: { key: "ec" }, expected: accepted("apps") },
  { name: "typ JWT", token: { header: { typ: "JWT" } }, expected: accepted("apps") },
  {
    name: "alg none, without a signature",
    token: {
      header: { alg: "none" },
      change: { made: "without a signature", to: (jws) => `${part(jws, 0)}.${part(jws, 1)}.` },
    },
    expected: refused("ERR_TOKEN_ALGORITHM"),
  },
  {
    name: "HS256 with the public key as the secret",
    token: {
      header: { alg: "HS256" },
      change: { made: "HMAC keyed with the PEM text of the public key", to: (jws) => jws },
    },
    expected: refused("ERR_TOKEN_ALGORITHM"),
  },
  {
    name: "an algorithm that does not fit the named key",
    token: { key: "rsa", header: { kid: "ec" } },
    expected: refused("ERR_TOKEN_ALGORITHM"),
  },
  {
    name: "a stranger's key under a known kid",
    token: { key: "stranger", header: { kid: "rsa" } },
    expected: refused("ERR_TOKEN_SIGNATURE"),
  },
  {
    name: "a stranger's key brought along in the header",
    token: {
      key: "stranger",
      header: {
        kid: "rsa",
        jwk: publicJWK("stranger"),
        jku: "https://issuer.elsewhere.example/keys",
      },
    },
    expected: refused("ERR_TOKEN_SIGNATURE"),
  },
  {
    name: "a kid nobody has",
    token: { header: { kid: "other" } },
    expected: refused("ERR_TOKEN_KEY_UNKNOWN"),
  },
  { name: "no kid", token: { header: { kid: undefined } }, expected: refused("ERR_TOKEN_MALFORMED") },
  {
    name: "a critical extension",
    token: { header: { crit: ["exp"] } },
    expected: refused("ERR_TOKEN_MALFORMED"),
  },
  {
    name: "a type of another use",
    token: { header: { typ: "at+jwt" } },
    expected: refused("ERR_TOKEN_MALFORMED"),
  },
  {
    name: "claims exchanged after signing",
    token: {
      change: {
        made: "signed over these claims, then sent with another jti",
        to: (jws) => `${part(jws, 0)}.${base64url(boundClaims({ jti: "exchanged" }))}.${part(jws, 2)}`,
      },
    },
    expected: refused("ERR_TOKEN_SIGNATURE"),
  },
  {
    name: "one bit of the signature changed",
    token: { change: { made: "one bit of the signature changed", to: flippedBit } },
    expected: refused("ERR_TOKEN_SIGNATURE"),
  },
  {
    name: "an ES256 signature in DER, as TLS writes it",
    token: { key: "ec", change: { made: "signature in DER", to: derEncodedSignature } },
    expected: refused("ERR_TOKEN_SIGNATURE"),
  },
  {
    name: "two parts",
    token: { change: { made: "the last part taken away", to: (jws) => jws.slice(0, jws.lastIndexOf(".")) } },
    expected: refused("ERR_TOKEN_MALFORMED"),
  },
  {
    name: "four parts",
    token: { change: { made: "a fourth part", to: (jws) => `${jws}.AA` } },
    expected: refused("ERR_TOKEN_MALFORMED"),
  },
  {
    name: "a signature with padding",
    token: { change: { made: "padded", to: (jws) => `${jws}==` } },
    expected: refused("ERR_TOKEN_MALFORMED"),
  },
  {
    name: "a claim twice",
    token: { claims: JSON.stringify(boundClaims()).replace('"aud":', '"aud":["https://x.example"],"aud":') },
    expected: refused("ERR_TOKEN_MALFORMED"),
  },
  { name: "claims that are a list", token: { claims: "[]" }, expected: refused("ERR_TOKEN_MALFORMED") },
  { name: "no claims at all", token: { claims: "{}" }, expected: refused("ERR_TOKEN_MALFORMED") },
  {
    name: "an issuer that is no text",
    token: withClaims({ iss: 1 }),
    expected: refused("ERR_TOKEN_MALFORMED"),
  },
];
