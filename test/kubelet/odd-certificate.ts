import { contextSpecific, sequence } from "../../src/certificates/der.ts";
import type { IssuedCertificate } from "../../src/testing/certificates/certificate-authority.ts";
import { attribute, extension, makeKey, rootCertificate } from "../authentication/certificates.ts";

const hour = 3600;
const now = Math.floor(Date.now() / 1000);
const validity = { notBefore: now - hour, notAfter: now + 24 * hour };
const authority = rootCertificate({ commonNames: ["odd-ca"], ...validity });

/** Who signs what no authority of the house would. */
export const oddAuthorityPem = authority.certificate.toString();

const oids = { commonName: "2.5.4.3", organization: "2.5.4.10" } as const;

/** What a serving certificate says beside its key, in the order in which it says it. */
export interface OddCertificate {
  readonly subject: readonly (readonly [attribute: keyof typeof oids, value: string])[];
  readonly extensions: readonly Buffer[];
}

export function oddCertificate({ subject, extensions }: OddCertificate): IssuedCertificate {
  const keyPair = makeKey();
  const attributes = subject.map(([name, value]) => attribute(oids[name], value));
  const { certificate } = authority.issue({
    ...{ commonNames: [], attributes, usages: undefined, extensions, keyPair },
    ...validity,
  });
  return {
    certificatePem: certificate.toString(),
    keyPem: keyPair.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** Names as their octets stand. */
export function alternativeNames(
  ...names: readonly (readonly [kind: "dns" | "ip", octets: Buffer])[]
): Buffer {
  const encoded = names.map(([kind, octets]) => contextSpecific(kind === "dns" ? 2 : 7, octets, "primitive"));
  return brokenAlternativeNames(sequence(...encoded));
}

/** An extension for alternative names that holds whatever it holds. */
export function brokenAlternativeNames(octets: Buffer): Buffer {
  return extension("2.5.29.17", octets);
}
