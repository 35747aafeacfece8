import { generateKeyPairSync } from "node:crypto";
import { expect } from "chai";
import { signingAlgorithms } from "../../src/authentication/algorithms.ts";
import { decodeKeySet } from "../../src/authentication/key-set.ts";
import { CountersignError } from "../../src/errors.ts";
import { clusterKey, forgerKey, jwksOf, signingKey } from "./minting.ts";

const p256 = signingKey("ES256");
const { alg: _alg, ...anyAlgorithm } = clusterKey.jwk;
const keysOf = (...keys: readonly unknown[]) => decodeKeySet({ keys });

describe("decodeKeySet", () => {
  it("finds each key under its kid, for its algorithm", () => {
    const set = decodeKeySet(jwksOf(clusterKey, p256));
    expect(set.size).to.equal(2);
    expect(set.find(clusterKey.kid, "RS256")?.equals(clusterKey.publicKey)).to.equal(true);
    expect(set.find(p256.kid, "ES256")?.equals(p256.publicKey)).to.equal(true);
  });

  it("gives a key with alg for that algorithm only", () => {
    const set = keysOf(clusterKey.jwk);
    expect(signingAlgorithms.filter((alg) => set.find(clusterKey.kid, alg) !== undefined)).to.deep.equal([
      "RS256",
    ]);
  });

  it("gives a key without alg for what its type and curve allow", () => {
    const set = keysOf(anyAlgorithm, { ...p256.jwk, alg: undefined });
    const fitting = (kid: string) => signingAlgorithms.filter((alg) => set.find(kid, alg) !== undefined);
    expect(fitting(clusterKey.kid)).to.deep.equal(signingAlgorithms.slice(0, 6));
    expect(fitting(p256.kid)).to.deep.equal(["ES256"]);
  });

  it("has no key under a kid nobody gave, nor under a prototype's", () => {
    const set = keysOf(clusterKey.jwk);
    for (const kid of ["other", "", "__proto__", "constructor", `RS256 ${clusterKey.kid}`])
      expect(set.has(kid) || set.find(kid, "RS256") !== undefined).to.equal(false);
  });

  it("takes P-384 and P-521", () => {
    for (const alg of ["ES384", "ES512"] as const)
      expect(keysOf(signingKey(alg).jwk).find(`key-${alg}`, alg)).not.to.equal(undefined);
  });

  it("never lets a private key in, though the document holds it", () => {
    const jwk = { ...clusterKey.privateKey.export({ format: "jwk" }), kid: "a" };
    expect(keysOf(jwk).find("a", "RS256")?.type).to.equal("public");
  });

  const skipped: Readonly<Record<string, unknown>> = {
    "a key of an unknown type": { kty: "OKP", crv: "Ed25519", x: "AA", kid: "a" },
    "a symmetric key": { kty: "oct", k: "c2VjcmV0", kid: "a" },
    "a key without kid": { ...clusterKey.jwk, kid: undefined },
    "a key with an empty kid": { ...clusterKey.jwk, kid: "" },
    "a key with a kid that is no string": { ...clusterKey.jwk, kid: 1 },
    "an encryption key": { ...clusterKey.jwk, use: "enc" },
    "a key for other operations": { ...clusterKey.jwk, key_ops: ["encrypt"] },
    "a key of 1024 bits": signingKey("RS256", "short", 1024).jwk,
    "a key with an exponent of 1": { ...clusterKey.jwk, e: "AQ" },
    "a key for an HMAC": { ...clusterKey.jwk, alg: "HS256" },
    "a key for an algorithm of another type": { ...clusterKey.jwk, alg: "ES256" },
    "a key whose alg is no string": { ...clusterKey.jwk, alg: ["RS256"] },
    "a secp256k1 key": {
      ...generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey.export({ format: "jwk" }),
      kid: "a",
    },
  };
  for (const [name, key] of Object.entries(skipped))
    it(`skips ${name}`, () => expect(keysOf(key, p256.jwk).size).to.equal(1));

  it("takes key_ops that hold verify", () =>
    expect(keysOf({ ...clusterKey.jwk, key_ops: ["verify"] }).size).to.equal(1));

  const refused: Readonly<Record<string, readonly [unknown, RegExp]>> = {
    "what is no object": ["keys", /expected a list/],
    null: [null, /expected a list/],
    "a list": [[clusterKey.jwk], /expected a list/],
    "no keys": [{}, /expected a list/],
    "keys that are no list": [{ keys: {} }, /expected a list/],
    "inherited keys": [Object.create({ keys: [clusterKey.jwk] }), /expected a list/],
    "an empty list": [{ keys: [] }, /no key is usable/],
    "no usable key": [{ keys: [{ kty: "oct", kid: "a" }] }, /no key is usable/],
    "a key that is no object": [{ keys: [clusterKey.jwk, "key"] }, /keys\[1\]: expected an object/],
    "an RSA key without modulus": [
      { keys: [{ ...clusterKey.jwk, n: undefined }] },
      /keys\[0\]: not a RSA public key/,
    ],
    "a point off the curve": [{ keys: [{ ...p256.jwk, x: p256.jwk.y }] }, /keys\[0\]: not a EC public key/],
    "an unknown curve": [{ keys: [{ ...p256.jwk, crv: "P-999" }] }, /keys\[0\]: not a EC public key/],
    "65 keys": [{ keys: Array.from({ length: 65 }, () => clusterKey.jwk) }, /65 keys, at most 64/],
    "two different keys under one kid": [
      jwksOf(clusterKey, forgerKey),
      /two different keys have the kid "key-RS256"/,
    ],
  };
  for (const [name, [jwks, message]] of Object.entries(refused))
    it(`refuses ${name}`, () =>
      expect(() => decodeKeySet(jwks))
        .to.throw(CountersignError, message)
        .with.property("code", "ERR_ISSUER_UNAVAILABLE"));

  it("takes the same key twice for one", () =>
    expect(keysOf(clusterKey.jwk, { ...clusterKey.jwk }).size).to.equal(1));

  it("takes one kid for keys of two types: no algorithm could mean both", () => {
    const set = keysOf({ ...clusterKey.jwk, kid: "k" }, { ...p256.jwk, kid: "k" });
    expect(set.find("k", "RS256")?.asymmetricKeyType).to.equal("rsa");
    expect(set.find("k", "ES256")?.asymmetricKeyType).to.equal("ec");
  });

  it("knows whether another set lost a key against it", () => {
    const [both, one, forged] = [jwksOf(clusterKey, p256), jwksOf(clusterKey), jwksOf(forgerKey)].map(
      decodeKeySet,
    );
    expect(both!.includes(one!)).to.equal(true);
    expect(one!.includes(both!)).to.equal(false);
    expect(forged!.includes(one!), "the same kid is not the same key").to.equal(false);
  });
});
