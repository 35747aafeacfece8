import { generateKeyPairSync, sign } from "node:crypto";
import { writeAuthority } from "../../src/certificates/certificate-writer.ts";
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
import type { IssuedCertificate } from "../../src/testing/certificates/certificate-authority.ts";

const hourMs = 3_600_000;
const validity = { notBefore: Date.now() - hourMs, notAfter: Date.now() + 24 * hourMs };
const authority = writeAuthority("odd-ca", validity);

/** Who signs what no authority of the house would. */
export const oddAuthorityPem = authority.certificatePem;

const oids = { commonName: "2.5.4.3", organization: "2.5.4.10", subjectAltName: "2.5.29.17" } as const;

/** What a serving certificate says beside its key, in the order in which it says it. */
export interface OddCertificate {
  readonly subject: readonly (readonly [attribute: "commonName" | "organization", value: string])[];
  readonly extensions: readonly Buffer[];
}

export function oddCertificate({ subject, extensions }: OddCertificate): IssuedCertificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(objectIdentifier("1.2.840.10045.4.3.2"));
  const toBeSigned = sequence(
    contextSpecific(0, integer(Buffer.from([2])), "constructed"),
    integer(Buffer.from([1])),
    algorithm,
    name([["commonName", authority.holder.commonName]]),
    sequence(time(validity.notBefore), time(validity.notAfter)),
    name(subject),
    publicKey.export({ type: "spki", format: "der" }),
    contextSpecific(3, sequence(...extensions), "constructed"),
  );
  const signature = bitString(sign("sha256", toBeSigned, authority.holder.privateKey));
  const encoded = sequence(toBeSigned, algorithm, signature).toString("base64");
  const lines = encoded.match(/.{1,64}/g)!.join("\n");
  return {
    certificatePem: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function name(attributes: OddCertificate["subject"]): Buffer {
  return sequence(
    ...attributes.map(([attribute, value]) =>
      set(sequence(objectIdentifier(oids[attribute]), utf8String(value))),
    ),
  );
}

/** Whatever it holds. */
export function extension(oid: string, value: Buffer, critical = false): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));
}

/** Names as their octets stand. */
export function alternativeNames(
  ...names: readonly (readonly [kind: "dns" | "ip", octets: Buffer])[]
): Buffer {
  const encoded = names.map(([kind, octets]) => contextSpecific(kind === "dns" ? 2 : 7, octets, "primitive"));
  return extension(oids.subjectAltName, sequence(...encoded));
}

/** An extension for alternative names that holds none. */
export function brokenAlternativeNames(octets: Buffer): Buffer {
  return extension(oids.subjectAltName, octets);
}
