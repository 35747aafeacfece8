import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import { isIPv4 } from "node:net";
import { type CertificateUsage, usageOIDs } from "./certificate-purpose.ts";
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
} as const;

/** A key that signs, under the name that its certificate carries. */
export interface CertificateHolder {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly privateKey: KeyObject;
}

/** A certificate and its key, both PEM. */
export interface WrittenCertificate {
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly keyPem: string;
  readonly holder: CertificateHolder;
}

/** From when to when, epoch milliseconds; a certificate says whole seconds. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface LeafSubject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly usages: readonly CertificateUsage[];
}

/**
 * Writes X.509 certificates: ECDSA P-256, a random serial number, and the extensions that Go, OpenSSL in strict mode and
 * Node ask for. An authority is signed by `issuer` or, where there is none, by itself.
 */
export function writeAuthority(
  commonName: string,
  validity: Validity,
  issuer?: CertificateHolder,
): WrittenCertificate {
  const extensions = [
    extension(oids.basicConstraints, sequence(boolean(true)), "critical"),
    // keyCertSign (bit 5) and cRLSign (bit 6): 0000 0110, the last bit unused
    extension(oids.keyUsage, bitString(Buffer.from([0b0000_0110]), 1), "critical"),
  ];
  return certify({ commonName, organizations: [], validity, extensions }, issuer);
}

export function writeLeaf(
  subject: LeafSubject,
  validity: Validity,
  issuer: CertificateHolder,
): WrittenCertificate {
  const { commonName, organizations = [], dnsNames, ipAddresses = [], usages } = subject;
  const names = [
    ...dnsNames.map((name) => contextSpecific(2, Buffer.from(name, "ascii"), "primitive")),
    ...ipAddresses.map((address) => contextSpecific(7, addressOctets(address), "primitive")),
  ];
  const extensions = [
    extension(oids.basicConstraints, sequence(), "critical"),
    // digitalSignature (bit 0), all that an ECDSA key does in TLS
    extension(oids.keyUsage, bitString(Buffer.from([0b1000_0000]), 7), "critical"),
    extension(oids.extendedKeyUsage, sequence(...usages.map((usage) => objectIdentifier(usageOIDs[usage])))),
    ...(names.length > 0 ? [extension(oids.subjectAltName, sequence(...names))] : []),
  ];
  return certify({ commonName, organizations, validity, extensions }, issuer);
}

interface Contents {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly validity: Validity;
  readonly extensions: readonly Buffer[];
}

/** Makes a key and its certificate. */
function certify(contents: Contents, issuer?: CertificateHolder): WrittenCertificate {
  const { commonName, organizations, validity } = contents;
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const holder: CertificateHolder = { commonName, organizations, privateKey };
  const signer = issuer ?? holder;
  const algorithm = sequence(objectIdentifier(oids.ecdsaWithSha256));
  const toBeSigned = sequence(
    contextSpecific(0, integer(Buffer.from([2])), "constructed"),
    integer(serialNumber()),
    algorithm,
    distinguishedName(signer),
    sequence(time(validity.notBefore), time(validity.notAfter)),
    distinguishedName(holder),
    publicKey.export({ type: "spki", format: "der" }),
    contextSpecific(
      3,
      sequence(...contents.extensions, ...identifierExtensions(publicKey, signer)),
      "constructed",
    ),
  );
  const signature = sign("sha256", toBeSigned, signer.privateKey);
  return {
    certificatePem: toPem(sequence(toBeSigned, algorithm, bitString(signature))),
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    holder,
  };
}

function identifierExtensions(publicKey: KeyObject, signer: CertificateHolder): Buffer[] {
  const signersIdentifier = keyIdentifier(createPublicKey(signer.privateKey));
  return [
    extension(oids.subjectKeyIdentifier, octetString(keyIdentifier(publicKey))),
    extension(oids.authorityKeyIdentifier, sequence(contextSpecific(0, signersIdentifier, "primitive"))),
  ];
}

/** RFC 7093 2: the leftmost 160 bits of the SHA-256 hash. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest()
    .subarray(0, 20);
}

/** 127 random bits: positive, and at most the 20 octets RFC 5280 4.1.2.2 allows. */
function serialNumber(): Buffer {
  const octets = randomBytes(16);
  octets[0] = (octets[0]! & 0x7f) | 0x40;
  return octets;
}

function distinguishedName({ commonName, organizations }: CertificateHolder): Buffer {
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
