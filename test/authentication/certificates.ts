import { createHash, generateKeyPairSync, type KeyObject, sign, X509Certificate } from "node:crypto";
import {
  bitString,
  boolean,
  contextSpecific,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from "../../src/certificates/der.ts";
import { noon } from "./minting.ts";

/** Certificates by hand: `createCertificateAuthority` makes good ones, these can also be bad. */
export interface CertificateParts {
  /** Default: the commonName `kube-apiserver`. */
  readonly commonNames?: readonly string[];
  readonly organizations?: readonly string[];
  /** Of kubernetes/apiserver's attribute for them. */
  readonly uids?: readonly string[];
  /** Behind all other attributes of the subject. */
  readonly attributes?: readonly Buffer[];
  readonly dnsNames?: readonly string[];
  /** OIDs; undefined leaves the extension out. Default: clientAuth. */
  readonly usages?: readonly string[] | undefined;
  readonly ca?: boolean;
  readonly pathLength?: number;
  /** Seconds since the epoch. Default: an hour before noon, a day after it. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly extensions?: readonly Buffer[];
  readonly hash?: "sha1" | "sha256";
  readonly key?: "P-256" | "RSA-1024" | "RSA-2048";
  /** Default: a new one. */
  readonly keyPair?: KeyPair;
  /** What is written for the public key, whatever the key is. */
  readonly publicKeyInfo?: Buffer;
}

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export interface TestCertificate {
  readonly certificate: X509Certificate;
  readonly raw: Buffer;
  issue(parts?: CertificateParts): TestCertificate;
}

export const clientAuth = "1.3.6.1.5.5.7.3.2";
export const serverAuth = "1.3.6.1.5.5.7.3.1";
export const uidAttribute = "1.3.6.1.4.1.57683.2";

/** A root with one name: another of the same name and another key is a forger's. */
export function rootCertificate(parts: CertificateParts = {}): TestCertificate {
  return issue({ commonNames: ["client-ca"], ca: true, usages: undefined, ...parts });
}

interface Issuer {
  readonly name: Buffer;
  readonly privateKey: KeyObject;
}

function issue(parts: CertificateParts, by?: Issuer): TestCertificate {
  const { publicKey, privateKey } = parts.keyPair ?? makeKey(parts.key);
  const name = nameOf(parts);
  const signer = by ?? { name, privateKey };
  const algorithm = sequence(objectIdentifier(algorithmOf(signer.privateKey, parts.hash ?? "sha256")));
  const day = 86_400;
  const body = sequence(
    contextSpecific(0, integer(Buffer.of(2)), "constructed"),
    integer(
      createHash("sha256")
        .update(publicKey.export({ type: "spki", format: "der" }))
        .digest()
        .subarray(0, 15),
    ),
    algorithm,
    signer.name,
    sequence(time((parts.notBefore ?? noon - 3600) * 1000), time((parts.notAfter ?? noon + day) * 1000)),
    name,
    parts.publicKeyInfo ?? publicKey.export({ type: "spki", format: "der" }),
    contextSpecific(3, sequence(...extensionsOf(parts)), "constructed"),
  );
  const signature = sign(parts.hash ?? "sha256", body, signer.privateKey);
  const raw = sequence(body, algorithm, bitString(signature));
  return {
    certificate: new X509Certificate(raw),
    raw,
    issue: (more = {}) => issue(more, { name, privateKey }),
  };
}

export function makeKey(key: CertificateParts["key"] = "P-256"): KeyPair {
  return key === "P-256"
    ? generateKeyPairSync("ec", { namedCurve: "P-256" })
    : generateKeyPairSync("rsa", { modulusLength: Number(key.slice(4)) });
}

function algorithmOf(key: KeyObject, hash: "sha1" | "sha256"): string {
  if (key.asymmetricKeyType === "ec") return hash === "sha1" ? "1.2.840.10045.4.1" : "1.2.840.10045.4.3.2";
  return hash === "sha1" ? "1.2.840.113549.1.1.5" : "1.2.840.113549.1.1.11";
}

function nameOf({
  commonNames = ["kube-apiserver"],
  organizations = [],
  uids = [],
  attributes = [],
}: CertificateParts): Buffer {
  return sequence(
    ...organizations.map((value) => attribute("2.5.4.10", value)),
    ...commonNames.map((value) => attribute("2.5.4.3", value)),
    ...uids.map((value) => attribute(uidAttribute, value)),
    ...attributes,
  );
}

/** Of a subject; a text is written as UTF-8. */
export function attribute(oid: string, value: string | Buffer): Buffer {
  return set(sequence(objectIdentifier(oid), typeof value === "string" ? utf8String(value) : value));
}

export function extension(oid: string, value: Buffer, critical = false): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));
}

function extensionsOf(parts: CertificateParts): readonly Buffer[] {
  const { ca = false, pathLength, dnsNames = [], extensions = [] } = parts;
  const usages = "usages" in parts ? parts.usages : [clientAuth];
  const length = pathLength === undefined ? [] : [integer(Buffer.of(pathLength))];
  const names = dnsNames.map((name) => contextSpecific(2, Buffer.from(name, "latin1"), "primitive"));
  return [
    extension("2.5.29.19", ca ? sequence(boolean(true), ...length) : sequence(), true),
    ...(ca ? [extension("2.5.29.15", bitString(Buffer.of(0b0000_0110), 1), true)] : []),
    ...(usages === undefined ? [] : [extension("2.5.29.37", sequence(...usages.map(objectIdentifier)))]),
    ...(names.length === 0 ? [] : [extension("2.5.29.17", sequence(...names))]),
    ...extensions,
  ];
}
