import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { expect } from "chai";
import {
  algorithmFits,
  isSigningAlgorithm,
  signingAlgorithms,
  verifySignature,
  verifySignatureOnPool,
} from "../../src/authentication/algorithms.ts";
import { clusterKey, mint, type SigningKey, signingKey } from "./minting.ts";

const keys: Readonly<Record<string, SigningKey>> = {
  ...Object.fromEntries(
    signingAlgorithms.map((alg) => [alg, alg.startsWith("ES") ? signingKey(alg) : { ...clusterKey, alg }]),
  ),
};

function inputOf(token: string, { alg, publicKey }: SigningKey) {
  const at = token.lastIndexOf(".");
  return {
    algorithm: alg,
    key: publicKey,
    signingInput: token.slice(0, at),
    signature: Buffer.from(token.slice(at + 1), "base64url"),
  };
}

describe("signing algorithms", () => {
  it("are these nine", () =>
    expect(signingAlgorithms).to.deep.equal([
      ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
      ...["ES256", "ES384", "ES512"],
    ]));

  for (const name of [
    "none",
    "None",
    "NONE",
    "",
    "HS256",
    "HS512",
    "EdDSA",
    "ES256K",
    "rs256",
    "RSA",
    "toString",
    "__proto__",
  ])
    it(`do not include ${JSON.stringify(name)}`, () => expect(isSigningAlgorithm(name)).to.equal(false));

  for (const alg of signingAlgorithms) {
    const key = keys[alg]!;
    const good = inputOf(mint({ key }), key);

    it(`${alg} verifies its own signature, here and on the pool`, async () => {
      expect(verifySignature(good)).to.equal(true);
      expect(await verifySignatureOnPool(good)).to.equal(true);
    });

    it(`${alg} does not verify another text, a changed, a cut, a longer or an empty signature`, async () => {
      const changed = Buffer.from(good.signature);
      changed[changed.length - 1]! ^= 1;
      const bad = [
        { ...good, signingInput: `${good.signingInput}x` },
        { ...good, signature: changed },
        { ...good, signature: good.signature.subarray(1) },
        { ...good, signature: Buffer.concat([good.signature, Buffer.of(0)]) },
        { ...good, signature: Buffer.alloc(0) },
        { ...good, signature: Buffer.alloc(good.signature.length) },
      ];
      for (const input of bad) {
        expect(verifySignature(input)).to.equal(false);
        expect(await verifySignatureOnPool(input)).to.equal(false);
      }
    });

    it(`${alg} fits keys of its own type and curve only`, () => {
      const fitting = signingAlgorithms.filter((other) => algorithmFits(alg, keys[other]!.publicKey));
      expect(fitting).to.deep.equal(alg.startsWith("ES") ? [alg] : signingAlgorithms.slice(0, 6));
    });
  }

  it("take an ECDSA signature in the JWS form only, not in DER", () => {
    const { privateKey, publicKey } = keys.ES256!;
    const signature = sign("sha256", Buffer.from("a.b"), privateKey);
    expect(verifySignature({ algorithm: "ES256", key: publicKey, signingInput: "a.b", signature })).to.equal(
      false,
    );
  });

  it("take a PSS signature with a salt of the hash's length only", () => {
    const { privateKey, publicKey } = clusterKey;
    const signature = sign("sha256", Buffer.from("a.b"), { key: privateKey, padding: 6, saltLength: 0 });
    expect(verifySignature({ algorithm: "PS256", key: publicKey, signingInput: "a.b", signature })).to.equal(
      false,
    );
  });

  it("do not take one RSA padding for the other", () => {
    for (const [alg, other] of [
      ["RS256", "PS256"],
      ["PS256", "RS256"],
    ] as const) {
      const input = inputOf(mint({ key: keys[alg]! }), keys[alg]!);
      expect(verifySignature({ ...input, algorithm: other })).to.equal(false);
    }
  });

  it("fit neither Ed25519 nor secp256k1 keys", () => {
    const ed25519 = generateKeyPairSync("ed25519").publicKey;
    const koblitz = createPublicKey(generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey);
    for (const alg of signingAlgorithms)
      for (const key of [ed25519, koblitz]) expect(algorithmFits(alg, key)).to.equal(false);
  });
});
