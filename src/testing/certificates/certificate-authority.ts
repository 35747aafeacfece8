import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";
import { type Clock, systemClock } from "../../clock.ts";
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
} from "./der.ts";

/** What a certificate is good for. */
export type CertificateUsage = "serverAuth" | "clientAuth";

/** Whom a certificate is for, and for how long. */
export interface CertificateOptions {
  readonly commonName: string;
  /** Kubernetes reads a client certificate's organizations as its user's groups. */
  readonly organization?: string | readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Default: serverAuth where a DNS name or address is given, otherwise clientAuth. */
  readonly usages?: readonly CertificateUsage[];
  /** Epoch milliseconds. Default: an hour ago. */
  readonly notBefore?: number;
  /** Epoch milliseconds. Default: in a year. */
  readonly notAfter?: number;
}

/** A certificate and its key, both PEM. */
export interface IssuedCertificate {
  /** The leaf alone: append an intermediate's `certificatePem` where one signed it. */
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly keyPem: string;
}

/** Signs certificates for tests. */
export interface CertificateAuthority {
  readonly certificatePem: string;
  issue(options: CertificateOptions): IssuedCertificate;
  /** An authority below this one: what it issues verifies only where its own certificate is sent along. */
  issueAuthority(options: { readonly commonName: string }): CertificateAuthority;
}

/** What the authority calls itself, and its time. */
export interface CertificateAuthorityOptions {
  /** Default `countersign-test-ca`. */
  readonly commonName?: string;
  readonly clock?: Clock;
}

const hourMs = 3_600_000;
const yearMs = 365 * 24 * hourMs;

// RFC 5758 3.2, RFC 4519 2.3 and 2.19, RFC 5280 4.2.1
const oids = {
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyIdentifier: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

interface Holder {
  readonly name: Buffer;
  readonly keyIdentifier: Buffer;
  readonly privateKey: KeyObject;
}

interface Signed {
  readonly pem: string;
  readonly holder: Holder;
}

interface Contents {
  readonly name: Buffer;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly extensions: readonly Buffer[];
}

/**
 * A certificate authority for tests: ECDSA P-256 certificates with the extensions that Go, OpenSSL in strict mode and
 * Node ask for. Its key lives in this process only.
 */
export function createCertificateAuthority(options: CertificateAuthorityOptions = {}): CertificateAuthority {
  const clock = options.clock ?? systemClock;
  return authority(certify(authorityContents(options.commonName ?? "countersign-test-ca", clock)), clock);
}

function authority(signed: Signed, clock: Clock): CertificateAuthority {
  return {
    certificatePem: signed.pem,
    issue(options) {
      const leaf = certify(leafContents(options, clock), signed.holder);
      const keyPem = leaf.holder.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
      return { certificatePem: leaf.pem, keyPem };
    },
    issueAuthority: ({ commonName }) =>
      authority(certify(authorityContents(commonName, clock), signed.holder), clock),
  };
}

function authorityContents(commonName: string, clock: Clock): Contents {
  const now = clock.now();
  return {
    name: distinguishedName(commonName, []),
    notBefore: now - hourMs,
    notAfter: now + 10 * yearMs,
    // keyCertSign (bit 5) and cRLSign (bit 6): 0000 0110, the last bit unused
    extensions: [
      extension(oids.basicConstraints, sequence(boolean(true)), "critical"),
      extension(oids.keyUsage, bitString(Buffer.from([0b0000_0110]), 1), "critical"),
    ],
  };
}

function leafContents(options: CertificateOptions, clock: Clock): Contents {
  const now = clock.now();
  const { dnsNames = [], ipAddresses = [], organization = [] } = options;
  const names = [
    ...dnsNames.map((name) => contextSpecific(2, Buffer.from(name, "ascii"), "primitive")),
    ...ipAddresses.map((address) => contextSpecific(7, addressOctets(address), "primitive")),
  ];
  const usages = options.usages ?? [names.length > 0 ? "serverAuth" : "clientAuth"];
  const extensions = [
    extension(oids.basicConstraints, sequence(), "critical"),
    // digitalSignature (bit 0), all that an ECDSA key does in TLS
    extension(oids.keyUsage, bitString(Buffer.from([0b1000_0000]), 7), "critical"),
    extension(oids.extendedKeyUsage, sequence(...usages.map((usage) => objectIdentifier(oids[usage])))),
  ];
  if (names.length > 0) extensions.push(extension(oids.subjectAltName, sequence(...names)));
  return {
    name: distinguishedName(options.commonName, [organization].flat()),
    notBefore: options.notBefore ?? now - hourMs,
    notAfter: options.notAfter ?? now + yearMs,
    extensions,
  };
}

/** Makes a key and its certificate, signed by `issuer` or, where there is none, by itself. */
function certify(contents: Contents, issuer?: Holder): Signed {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKeyInfo = publicKey.export({ type: "spki", format: "der" });
  // RFC 7093 2: the leftmost 160 bits of the SHA-256 hash
  const keyIdentifier = createHash("sha256").update(publicKeyInfo).digest().subarray(0, 20);
  const holder: Holder = { name: contents.name, keyIdentifier, privateKey };
  const signer = issuer ?? holder;
  const algorithm = sequence(objectIdentifier(oids.ecdsaWithSha256));
  const toBeSigned = sequence(
    contextSpecific(0, integer(Buffer.from([2])), "constructed"),
    integer(serialNumber()),
    algorithm,
    signer.name,
    sequence(time(contents.notBefore), time(contents.notAfter)),
    contents.name,
    publicKeyInfo,
    contextSpecific(
      3,
      sequence(...contents.extensions, ...identifierExtensions(keyIdentifier, signer)),
      "constructed",
    ),
  );
  const signature = sign("sha256", toBeSigned, signer.privateKey);
  return { pem: toPem(sequence(toBeSigned, algorithm, bitString(signature))), holder };
}

function identifierExtensions(keyIdentifier: Buffer, signer: Holder): Buffer[] {
  return [
    extension(oids.subjectKeyIdentifier, octetString(keyIdentifier)),
    extension(oids.authorityKeyIdentifier, sequence(contextSpecific(0, signer.keyIdentifier, "primitive"))),
  ];
}

/** 127 random bits: positive, and at most the 20 octets RFC 5280 4.1.2.2 allows. */
function serialNumber(): Buffer {
  const octets = randomBytes(16);
  octets[0] = (octets[0]! & 0x7f) | 0x40;
  return octets;
}

function distinguishedName(commonName: string, organizations: readonly string[]): Buffer {
  const attributes = [
    ...organizations.map((organization) => [oids.organization, organization] as const),
    [oids.commonName, commonName] as const,
  ];
  return sequence(
    ...attributes.map(([oid, value]) => set(sequence(objectIdentifier(oid), utf8String(value)))),
  );
}

function extension(oid: string, value: Buffer, critical?: "critical"): Buffer {
  const criticality = critical === undefined ? [] : [boolean(true)];
  return sequence(objectIdentifier(oid), ...criticality, octetString(value));
}

/** Four octets, or sixteen with `::` spelled out. */
function addressOctets(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("::");
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const after = groups(tail ?? "");
  const zeros = tail === undefined ? 0 : 8 - groups(head).length - after.length;
  const all = [...groups(head), ...Array<string>(zeros).fill("0"), ...after];
  return Buffer.from(all.map((group) => group.padStart(4, "0")).join(""), "hex");
}

function toPem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
