import type { X509Certificate } from "node:crypto";

/** What a certificate is good for. */
export type CertificateUsage = "serverAuth" | "clientAuth";

/** RFC 5280 section 4.2.1.12. */
export const usageOIDs: Readonly<Record<CertificateUsage, string>> = {
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
};
const anyExtendedKeyUsage = "2.5.29.37.0";

const words: Readonly<Record<CertificateUsage, string>> = { serverAuth: "serving", clientAuth: "clients" };

/**
 * Why a certificate is not for this purpose, by its extended key usage; undefined where it is. One that has no such
 * extension is for every purpose.
 */
export function purposeFault(
  { keyUsage: allowed }: Pick<X509Certificate, "keyUsage">,
  purpose: CertificateUsage,
): string | undefined {
  // node calls the extended key usage so
  const isFor = (usage: CertificateUsage): boolean =>
    allowed === undefined || allowed.includes(usageOIDs[usage]) || allowed.includes(anyExtendedKeyUsage);
  if (isFor(purpose)) return undefined;
  const other = purpose === "serverAuth" ? "clientAuth" : "serverAuth";
  return isFor(other)
    ? `is for ${words[other]} only (extended key usage ${other} without ${purpose}): are two Secrets, or two files, swapped?`
    : `is not for ${words[purpose]}: its extended key usage has no ${purpose}; have one signed that has it`;
}
