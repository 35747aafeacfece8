import {
  constants,
  createHmac,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomUUID,
  sign,
} from "node:crypto";
import type { SigningAlgorithm } from "../../src/authentication/algorithms.ts";
import { createIssuer, type IssuerOptions } from "../../src/authentication/issuer-keys.ts";
import type { TokenIssuer } from "../../src/authentication/token-issuer.ts";
import type { Clock } from "../../src/clock.ts";

/** What an issuer does, done by hand, so that every byte of a token can also be wrong. */

/** 2026-11-21T08:00:00Z, where all clocks of these tests stand. */
export const noon = 1_795_248_000;

export interface StoppedClock extends Clock {
  epochMs: number;
  advance(ms: number): void;
}

export function stoppedClock(epochMs = noon * 1000): StoppedClock {
  return {
    epochMs,
    now() {
      return this.epochMs;
    },
    random: () => 0.5,
    advance(ms) {
      this.epochMs += ms;
    },
  };
}

export interface SigningKey {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: JsonWebKey & Readonly<Record<string, unknown>>;
}

const curves: Readonly<Record<string, string>> = { ES256: "P-256", ES384: "P-384", ES512: "P-521" };

export function signingKey(
  alg: SigningAlgorithm = "RS256",
  kid: string = `key-${alg}`,
  bits = 2048,
): SigningKey {
  const namedCurve = curves[alg];
  const { privateKey, publicKey } =
    namedCurve === undefined
      ? generateKeyPairSync("rsa", { modulusLength: bits })
      : generateKeyPairSync("ec", { namedCurve });
  const jwk = { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" };
  return { kid, alg, privateKey, publicKey, jwk };
}

/** One RSA key for all suites: making one takes a tenth of a second. */
export const clusterKey = signingKey();
/** Nobody's key under the same `kid`. */
export const forgerKey = signingKey("RS256", clusterKey.kid);

export const clusterIssuer = "https://kubernetes.default.svc.cluster.local";
export const audience = "https://countersign.countersign-system.svc:443/validate/pods";
export const otherAudience = "https://other.other-system.svc:443/validate";

export type Claims = Readonly<Record<string, unknown>>;

/** What kube-apiserver 1.37 writes for a plain token. `private` goes into `kubernetes.io`; undefined drops a claim. */
export function plainClaims(more: Claims = {}, inner: Claims = {}): Claims {
  return {
    aud: [audience],
    exp: noon + 540,
    iat: noon - 60,
    iss: clusterIssuer,
    jti: "1c6ccd2b-8d4c-4c1f-9d5a-40d9cd6f9bb2",
    "kubernetes.io": {
      namespace: "kube-system",
      serviceaccount: { name: "webhook-auth", uid: "a3f2a1ce-29d9-4be6-9a2e-0a4ce42ba75c" },
      ...inner,
    },
    nbf: noon - 60,
    sub: "system:serviceaccount:kube-system:webhook-auth",
    ...more,
  };
}

export const configurationUid = "5f6a7a52-6d6b-4ab5-8f0c-2b9d7f0e8c11";

/** The same for a token that is bound to a validating configuration and attests `apps`. */
export function boundClaims(more: Claims = {}, inner: Claims = {}): Claims {
  return plainClaims(more, {
    validatingwebhookconfiguration: { name: "countersign", uid: configurationUid },
    attestations: { admissionReviewAPIGroups: ["apps"] },
    ...inner,
  });
}

export function base64url(value: unknown): string {
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
}

export interface TokenParts {
  readonly key?: SigningKey;
  /** Beside `alg` and `kid`, or instead of them. */
  readonly header?: Claims;
  /** JSON text where the text itself is what matters. */
  readonly claims?: Claims | string;
}

/** A token, signed over whatever it says. */
export function mint({ key = clusterKey, header = {}, claims = boundClaims() }: TokenParts = {}): string {
  return signParts(base64url({ alg: key.alg, kid: key.kid, ...header }), base64url(claims), key);
}

export function signParts(header: string, payload: string, key: SigningKey = clusterKey): string {
  const input = `${header}.${payload}`;
  return `${input}.${signature(input, key).toString("base64url")}`;
}

function signature(input: string, { alg, privateKey }: SigningKey): Buffer {
  const hash = `sha${alg.slice(2)}`;
  if (alg.startsWith("ES"))
    return sign(hash, Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" });
  const padding = alg.startsWith("PS") ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
  return sign(hash, Buffer.from(input), {
    key: privateKey,
    padding,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  });
}

/** The classic confusion: the public key, which everybody knows, as the secret of an HMAC. */
export function mintWithPublicKeyAsSecret({ kid, publicKey }: SigningKey, claims: Claims): string {
  const input = `${base64url({ alg: "HS256", kid })}.${base64url(claims)}`;
  const secret = publicKey.export({ type: "spki", format: "pem" });
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

export function jwksOf(...keys: readonly SigningKey[]): { readonly keys: readonly unknown[] } {
  return { keys: keys.map(({ jwk }) => jwk) };
}

/** An issuer that answers with these keys, and counts how often it was asked. */
export function issuerOf(
  keys: readonly SigningKey[] = [clusterKey],
  more: Partial<IssuerOptions> & { readonly iss?: string } = {},
): TokenIssuer & { readonly fetches: () => number } {
  let fetches = 0;
  const { iss = clusterIssuer, ...options } = more;
  const source = {
    async fetchKeys() {
      fetches++;
      return { issuer: iss, jwks: jwksOf(...keys) };
    },
  };
  return {
    ...createIssuer({ name: "cluster", source, clock: stoppedClock(), ...options }),
    fetches: () => fetches,
  };
}

export const newUid = (): string => randomUUID();
