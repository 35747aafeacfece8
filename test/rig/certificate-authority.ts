import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import { bits, boolean, element, integer, octets, oid, sequence, setOf, time, utf8 } from "./der.ts";

export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  /** DNS names and IPv4 addresses. */
  readonly names?: readonly string[];
}

export interface KeyPair {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface CertificateAuthority {
  readonly certificatePem: string;
  issue(request: CertificateRequest): KeyPair;
}

const hourMs = 3_600_000;
const ecdsaWithSha256 = sequence(oid("1.2.840.10045.4.3.2"));

/** A certificate authority that lives as long as the test: P-256, good for a day, servers and clients alike. */
export function createCertificateAuthority(commonName: string): CertificateAuthority {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = distinguishedName({ commonName });
  const basicConstraints = extension("2.5.29.19", sequence(boolean(true)), true);
  const certificatePem = certify(issuer, issuer, authority.publicKey, authority.privateKey, [
    basicConstraints,
  ]);
  const issue = (request: CertificateRequest): KeyPair => {
    const leaf = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const extensions = request.names === undefined ? [] : [subjectAltName(request.names)];
    const subject = distinguishedName(request);
    return {
      certificatePem: certify(subject, issuer, leaf.publicKey, authority.privateKey, extensions),
      keyPem: pemOf(leaf.privateKey),
    };
  };
  return { certificatePem, issue };
}

function certify(
  subject: Buffer,
  issuer: Buffer,
  key: KeyObject,
  signer: KeyObject,
  extensions: readonly Buffer[],
): string {
  const now = Date.now();
  const body = sequence(
    element(0xa0, Buffer.from([0x02, 0x01, 0x02])), // version 3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(12)])),
    ecdsaWithSha256,
    issuer,
    sequence(time(now - hourMs), time(now + 24 * hourMs)),
    subject,
    createPublicKey(pemOf(key)).export({ type: "spki", format: "der" }),
    ...(extensions.length === 0 ? [] : [element(0xa3, sequence(...extensions))]),
  );
  const der = sequence(body, ecdsaWithSha256, bits(sign("sha256", body, signer)));
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function distinguishedName({ commonName, organizations = [] }: CertificateRequest): Buffer {
  const attribute = (type: string, value: string): Buffer => setOf(sequence(oid(type), utf8(value)));
  return sequence(
    ...organizations.map((name) => attribute("2.5.4.10", name)),
    attribute("2.5.4.3", commonName),
  );
}

function subjectAltName(names: readonly string[]): Buffer {
  const general = names.map((name) =>
    isIP(name) === 4
      ? element(0x87, Buffer.from(name.split(".").map(Number)))
      : element(0x82, Buffer.from(name)),
  );
  return extension("2.5.29.17", sequence(...general), false);
}

function extension(type: string, value: Buffer, critical: boolean): Buffer {
  return sequence(oid(type), ...(critical ? [boolean(true)] : []), octets(value));
}

const pemOf = (key: KeyObject): string =>
  key.export({ type: key.type === "private" ? "pkcs8" : "spki", format: "pem" }).toString();
