import {
  constants,
  createHmac,
  createPrivateKey,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
  sign,
} from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Private keys for these vectors only; nothing trusts them. */
const jwks = JSON.parse(readFileSync(join(import.meta.dirname, "private-keys.json"), "utf8")) as Readonly<
  Record<string, JsonWebKey>
>;

export function privateKey(name: string): KeyObject {
  return createPrivateKey({ key: jwks[name]!, format: "jwk" });
}

/** As the issuer's JWKS document has it; its `kid` is its name. */
export function publicJWK(name: string): Readonly<Record<string, unknown>> {
  const key = createPublicKey(privateKey(name)).export({ format: "jwk" });
  return { ...key, kid: name, use: "sig" };
}

/** The JWS signature of this input, as base64url. HS256 takes the public key for its secret. */
export function signatureOf(input: string, alg: string, name: string): string {
  return signed(input, alg, privateKey(name)).toString("base64url");
}

function signed(input: string, alg: string, key: KeyObject): Buffer {
  const hash = `sha${alg.slice(2)}`;
  const data = Buffer.from(input);
  if (alg === "HS256") {
    const secret = createPublicKey(key).export({ type: "spki", format: "pem" });
    return createHmac(hash, secret).update(data).digest();
  }
  if (alg.startsWith("ES")) return sign(hash, data, { key, dsaEncoding: "ieee-p1363" });
  const padding = alg.startsWith("PS") ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  return sign(alg === "none" ? "sha256" : hash, data, {
    key,
    padding,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  });
}

export function flippedBit(jws: string): string {
  return changedSignature(jws, (bytes) => {
    bytes[0]! ^= 1;
    return bytes;
  });
}

/** r and s as two ASN.1 integers in a sequence. */
export function derEncodedSignature(jws: string): string {
  return changedSignature(jws, (bytes) => {
    const integer = (value: Buffer): Buffer => {
      const positive = value[0]! > 127 ? Buffer.concat([Buffer.of(0), value]) : value;
      return Buffer.concat([Buffer.of(2, positive.length), positive]);
    };
    const body = Buffer.concat([integer(bytes.subarray(0, 32)), integer(bytes.subarray(32))]);
    return Buffer.concat([Buffer.of(0x30, body.length), body]);
  });
}

function changedSignature(jws: string, change: (bytes: Buffer) => Buffer): string {
  const [header, payload, signature] = jws.split(".");
  return `${header}.${payload}.${change(Buffer.from(signature!, "base64url")).toString("base64url")}`;
}
