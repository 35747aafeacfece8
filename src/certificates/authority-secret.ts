import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { Secret } from "../secret.ts";
import { type AuthorityState, bundleOf, type KeptAuthority, type NextAuthority } from "./authority-state.ts";
import { certificateBlocks } from "./pem.ts";
import { type ServingPair, type SigningAuthority, servingPairOf } from "./signing-authority.ts";

/** A Secret's data: text by key, as it is without base64. */
export type SecretTexts = Readonly<Record<string, string>>;

/** `ca.crt` is the whole bundle, as in a caBundle: whoever mounts the Secret verifies with it. */
const keys = {
  bundle: "ca.crt",
  signerKey: "ca.key",
  nextKey: "next-ca.key",
  certificate: "tls.crt",
  key: "tls.key",
  /** Says that the rest is ours, and what certificates do not say themselves. */
  marker: "countersign.json",
} as const;

/** The keys of a Secret's data that are written, all others being left alone. */
export const authoritySecretKeys: readonly string[] = Object.values(keys);

/** What stands in the marker. A later version may need what this one would drop. */
const markerVersion = 1;

export function encodeAuthority(state: AuthorityState): SecretTexts {
  const { signer, next, leaf } = state;
  const marker = {
    selfSigned: markerVersion,
    ...(next?.publishedAt === undefined ? {} : { nextPublishedAt: new Date(next.publishedAt).toISOString() }),
  };
  return {
    [keys.bundle]: bundleOf(state),
    [keys.signerKey]: signer.key.reveal(),
    ...(next === undefined ? {} : { [keys.nextKey]: next.authority.key.reveal() }),
    [keys.certificate]: leaf?.certificate ?? "",
    [keys.key]: leaf?.key.reveal() ?? "",
    [keys.marker]: JSON.stringify(marker),
  };
}

/** Whatever a Secret may hold: nothing of it makes this throw. */
export function decodeAuthority(texts: SecretTexts): KeptAuthority {
  const found = Object.keys(texts).filter((key) => texts[key]?.trim() !== "");
  if (found.length === 0) return { kind: "empty" };
  if (!found.includes(keys.marker))
    return {
      kind: "foreign",
      problem: `it holds ${found.toSorted().join(", ")}, and nothing says that we wrote it`,
    };
  const marker = parseMarker(texts[keys.marker]!);
  if (marker !== undefined && marker.selfSigned !== markerVersion)
    return { kind: "foreign", problem: "a later version of this program wrote it" };
  const trusted = certificatesOf(texts[keys.bundle]);
  const signer = authorityOf(trusted, texts[keys.signerKey]);
  if (signer === undefined)
    return { kind: "damaged", problem: "the CA's key or certificate cannot be read", trusted };
  const next = nextOf(trusted, texts[keys.nextKey], marker?.nextPublishedAt);
  const signing = [signer.certificate, next?.authority.certificate];
  const previous = trusted.filter((certificate) => !signing.includes(certificate));
  return { kind: "held", state: { signer, next, previous, leaf: leafOf(texts, signer) } };
}

interface Marker {
  readonly selfSigned?: unknown;
  readonly nextPublishedAt?: unknown;
}

function parseMarker(text: string): Marker | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "selfSigned" in value ? value : undefined;
  } catch {
    return undefined;
  }
}

function certificatesOf(pem = ""): X509Certificate[] {
  return certificateBlocks(pem).flatMap((block) => attempt(() => new X509Certificate(block)) ?? []);
}

function authorityOf(certificates: readonly X509Certificate[], pem = ""): SigningAuthority | undefined {
  const key = keyOf(pem);
  const certificate = key && certificates.find((one) => one.ca && one.checkPrivateKey(key));
  return certificate && { certificate, key: new Secret(pem) };
}

function nextOf(
  certificates: readonly X509Certificate[],
  pem: string | undefined,
  publishedAt: unknown,
): NextAuthority | undefined {
  const authority = authorityOf(certificates, pem);
  if (authority === undefined) return undefined;
  const instant = typeof publishedAt === "string" ? Date.parse(publishedAt) : Number.NaN;
  return { authority, publishedAt: Number.isNaN(instant) ? undefined : instant };
}

function leafOf(texts: SecretTexts, { certificate: issuer }: SigningAuthority): ServingPair | undefined {
  const [certificate] = certificatesOf(texts[keys.certificate]);
  const pem = texts[keys.key] ?? "";
  const key = keyOf(pem);
  if (certificate === undefined || key === undefined) return undefined;
  if (!certificate.checkPrivateKey(key) || !certificate.verify(issuer.publicKey)) return undefined;
  return servingPairOf(certificate, new Secret(pem));
}

function keyOf(pem: string): KeyObject | undefined {
  return attempt(() => createPrivateKey(pem));
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
