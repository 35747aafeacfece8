import { expect } from "chai";
import { decodeSignedToken } from "../../src/authentication/signed-token.ts";
import { CountersignError } from "../../src/errors.ts";
import { audience, base64url, boundClaims, clusterKey, mint, plainClaims, signParts } from "./minting.ts";

const header = (more: object = {}): string => base64url({ alg: "RS256", kid: clusterKey.kid, ...more });
const payload = base64url(boundClaims());

describe("decodeSignedToken", () => {
  it("takes apart a token of kube-apiserver 1.37", () => {
    const token = mint();
    const at = token.lastIndexOf(".");
    expect(decodeSignedToken(token)).to.deep.include({
      alg: "RS256",
      kid: clusterKey.kid,
      signingInput: token.slice(0, at),
      signature: Buffer.from(token.slice(at + 1), "base64url"),
    });
    expect(decodeSignedToken(token).claims.aud).to.deep.equal([audience]);
  });

  for (const typ of ["JWT", "jwt", "application/jwt"])
    it(`takes typ ${typ}`, () => expect(decodeSignedToken(mint({ header: { typ } })).alg).to.equal("RS256"));

  it("takes an algorithm it never heard of for a text: the allow-list is a check of its own", () =>
    expect(decodeSignedToken(mint({ header: { alg: "none" } })).alg).to.equal("none"));

  it("does not look at keys and links in the header", () => {
    const more = { jku: "https://evil.example/keys", x5u: "https://evil.example/x", jwk: {}, x5c: [1] };
    expect(decodeSignedToken(mint({ header: more }))).to.deep.include({ kid: clusterKey.kid });
  });

  const refused: Readonly<Record<string, readonly [string, RegExp]>> = {
    nothing: ["", /1 parts/],
    "a word": ["token", /1 parts/],
    "two parts": [`${header()}.${payload}`, /2 parts/],
    "four parts": [`${header()}.${payload}.c2ln.c2ln`, /4 parts/],
    "five parts, as an encrypted token has": ["a.b.c.d.e", /5 parts/],
    "more than 16 KiB": [`${header()}.${"a".repeat(16 * 1024)}.a`, /longer than 16384/],
    "dots without end": [".".repeat(16 * 1024), /16385 parts/],
    "padding in the header": [`${header()}=.${payload}.c2ln`, /token header is not base64url/],
    "base64 that is not base64url": [`${header()}.${payload}.+/+/`, /token signature is not base64url/],
    "a line break in the payload": [`${header()}.${payload}\n.c2ln`, /token payload is not base64url/],
    "a last character with bits that mean nothing": [
      `${header()}.${payload}.c2lnZZ`,
      /signature is not base64url/,
    ],
    "a length no bytes encode to": [`${header()}.${payload}.c2lnZ`, /signature is not base64url/],
    "an empty header": [`.${payload}.c2ln`, /token header is not JSON/],
    "a header that is a list": [`${base64url([])}.${payload}.c2ln`, /token header is not a JSON object/],
    "a payload that is a string": [
      `${header()}.${base64url('"sub"')}.c2ln`,
      /token payload is not a JSON object/,
    ],
    "a payload that is not UTF-8": [
      `${header()}.${Buffer.of(0x7b, 0x22, 0xff, 0x22, 0x7d).toString("base64url")}.c2ln`,
      /token payload is not UTF-8/,
    ],
    "a member twice in the header": [
      `${base64url('{"alg":"RS256","kid":"a","alg":"none"}')}.${payload}.c2ln`,
      /token header holds a member twice/,
    ],
    "a claim twice": [
      `${header()}.${base64url(`{"exp":1,${JSON.stringify(plainClaims()).slice(1)}`)}.c2ln`,
      /token payload holds a member twice/,
    ],
    "an escaped claim name": [
      `${header()}.${base64url(JSON.stringify(plainClaims()).replace('"exp"', '"\\u0065xp"'))}.c2ln`,
      /token payload escapes a member name/,
    ],
    "no alg": [signParts(base64url({ kid: "a" }), payload), /header alg/],
    "an alg that is no string": [signParts(header({ alg: ["RS256"] }), payload), /header alg/],
    "an empty alg": [signParts(header({ alg: "" }), payload), /header alg/],
    "no kid": [signParts(base64url({ alg: "RS256" }), payload), /header kid/],
    "a kid that is no string": [signParts(header({ kid: 7 }), payload), /header kid/],
    "an empty kid": [signParts(header({ kid: "" }), payload), /header kid/],
    "alg as a prototype would have it": [
      signParts(base64url('{"kid":"a","__proto__":{"alg":"RS256"}}'), payload),
      /header alg/,
    ],
    "crit, whatever it lists": [signParts(header({ crit: ["b64"], b64: false }), payload), /header crit/],
    "an empty crit": [signParts(header({ crit: [] }), payload), /header crit/],
    "another type": [signParts(header({ typ: "at+jwt" }), payload), /header typ/],
    "a type that is no string": [signParts(header({ typ: 1 }), payload), /header typ/],
    "a type that is null": [signParts(header({ typ: null }), payload), /header typ/],
  };
  for (const [name, [token, message]] of Object.entries(refused))
    it(`refuses ${name}`, () =>
      expect(() => decodeSignedToken(token))
        .to.throw(CountersignError, message)
        .with.property("code", "ERR_TOKEN_MALFORMED"));
});
