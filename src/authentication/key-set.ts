import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { CountersignError } from "../errors.ts";
import { algorithmFits, isSigningAlgorithm, type SigningAlgorithm, signingAlgorithms } from "./algorithms.ts";
import { isObject, type JSONObject, ownMember } from "./strict-json.ts";

/** An issuer's public keys, ready to verify with. */
export interface KeySet {
  readonly size: number;
  has(kid: string): boolean;
  /** The key of that `kid` which may be used with the algorithm. */
  find(kid: string, algorithm: SigningAlgorithm): KeyObject | undefined;
  /** Whether every key of the other set is in this one, unchanged. */
  includes(other: KeySet): boolean;
  /** One text for each key: `kid`, use and public members. */
  readonly fingerprints: ReadonlySet<string>;
}

interface UsableKey {
  readonly kid: string;
  readonly key: KeyObject;
  readonly algorithms: readonly SigningAlgorithm[];
  readonly fingerprint: string;
}

/** kube-apiserver has one key for each `--service-account-key-file`; more than 64 is somebody else's document. */
const maxKeys = 64;

/** NIST SP 800-131A: less is not to be relied on. */
const minRSABits = 2048;
/** OpenSSL refuses larger moduli (OPENSSL_RSA_MAX_MODULUS_BITS). */
const maxRSABits = 16_384;

/** The public members of RFC 7518 section 6, and no others: a private key in the document never gets in. */
const publicMembers = { RSA: ["n", "e"], EC: ["crv", "x", "y"] } as const;

/**
 * Decodes a JWKS document (RFC 7517 section 5). Skipped, as section 5 asks: keys of a type, use, algorithm, curve or size
 * that is not ours (RSA from 2048 bits; P-256, P-384, P-521), and keys without `kid`.
 * @throws ERR_ISSUER_UNAVAILABLE for what is no JWKS, holds more than 64 keys, no usable one, a malformed one, or two
 * different ones under one `kid` for the same algorithm.
 */
export function decodeKeySet(jwks: unknown): KeySet {
  const list = isObject(jwks) ? ownMember(jwks, "keys") : undefined;
  if (!Array.isArray(list)) throw unusable("keys: expected a list");
  if (list.length > maxKeys) throw unusable(`keys: ${list.length} keys, at most ${maxKeys} may be`);
  const keys = list.map(decodeKey).filter((key) => key !== undefined);
  if (keys.length === 0) throw unusable("keys: no key is usable");
  return indexKeys(keys);
}

function indexKeys(keys: readonly UsableKey[]): KeySet {
  const byUse = new Map<string, UsableKey>();
  const use = (kid: string, algorithm: SigningAlgorithm): string => `${algorithm} ${kid}`;
  for (const key of keys)
    for (const algorithm of key.algorithms) {
      const other = byUse.get(use(key.kid, algorithm));
      if (other !== undefined && !other.key.equals(key.key))
        throw unusable(`keys: two different keys have the kid ${JSON.stringify(key.kid)}`);
      byUse.set(use(key.kid, algorithm), key);
    }
  const kids = new Set(keys.map(({ kid }) => kid));
  const fingerprints = new Set(keys.map(({ fingerprint }) => fingerprint));
  return {
    size: kids.size,
    has: (kid) => kids.has(kid),
    find: (kid, algorithm) => byUse.get(use(kid, algorithm))?.key,
    includes: (other) => [...other.fingerprints].every((fingerprint) => fingerprints.has(fingerprint)),
    fingerprints,
  };
}

function decodeKey(value: unknown, index: number): UsableKey | undefined {
  if (!isObject(value)) throw unusable(`keys[${index}]: expected an object`);
  const kid = ownMember(value, "kid");
  const kty = ownMember(value, "kty");
  if (typeof kid !== "string" || kid === "" || (kty !== "RSA" && kty !== "EC")) return undefined;
  if (!isForVerifying(value)) return undefined;
  const key = importKey(publicPart(value, kty), index);
  const algorithms = isStrongEnough(key) ? algorithmsOf(value, key) : [];
  return algorithms.length === 0
    ? undefined
    : { kid, key, algorithms, fingerprint: fingerprintOf(kid, algorithms, key) };
}

/** RFC 7517 sections 4.2 and 4.3. */
function isForVerifying(jwk: JSONObject): boolean {
  const use = ownMember(jwk, "use");
  const operations = ownMember(jwk, "key_ops");
  if (use !== undefined && use !== "sig") return false;
  return operations === undefined || (Array.isArray(operations) && operations.includes("verify"));
}

function publicPart(jwk: JSONObject, kty: "RSA" | "EC"): JsonWebKey {
  const members = publicMembers[kty].map((name) => [name, ownMember(jwk, name)] as const);
  return { kty, ...Object.fromEntries(members) };
}

function importKey(jwk: JsonWebKey, index: number): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: "jwk" });
  } catch (cause) {
    throw unusable(`keys[${index}]: not a ${jwk.kty} public key`, cause);
  }
}

/** With an exponent of 1 every text is its own signature. */
function isStrongEnough(key: KeyObject): boolean {
  const { modulusLength, publicExponent } = key.asymmetricKeyDetails ?? {};
  if (modulusLength === undefined) return true;
  return modulusLength >= minRSABits && modulusLength <= maxRSABits && (publicExponent ?? 0n) >= 3n;
}

/** What the key may be used with: its type and curve say, and its `alg` where it has one. */
function algorithmsOf(jwk: JSONObject, key: KeyObject): readonly SigningAlgorithm[] {
  const alg = ownMember(jwk, "alg");
  const fitting = signingAlgorithms.filter((algorithm) => algorithmFits(algorithm, key));
  if (alg === undefined) return fitting;
  return typeof alg === "string" && isSigningAlgorithm(alg) ? fitting.filter((name) => name === alg) : [];
}

function fingerprintOf(kid: string, algorithms: readonly SigningAlgorithm[], key: KeyObject): string {
  return JSON.stringify([kid, algorithms, key.export({ format: "der", type: "spki" }).toString("base64")]);
}

function unusable(message: string, cause?: unknown): CountersignError {
  return new CountersignError("ERR_ISSUER_UNAVAILABLE", `JWKS document: ${message}`, { cause });
}
