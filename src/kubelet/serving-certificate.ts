import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { formatTime } from "../apis/time.ts";
import { certificateSubject } from "../authentication/certificate-subject.ts";

/** A kubelet's leaf, and what OpenSSL found wrong with its chain: its code, or undefined where nothing is. */
export interface ShownCertificate {
  readonly certificate: X509Certificate;
  readonly chainProblem: string | undefined;
}

/**
 * Why a serving certificate is not accepted for the host that was dialled, in the words of Go's crypto/x509 and in its
 * order: time, name, chain; undefined where it is. Names count as Go counts them: alternative names only, an address only
 * as an IP address, a wildcard only as a whole label.
 */
export function servingCertificateFault(
  { certificate, chainProblem }: ShownCertificate,
  host: string,
  now: number,
): string | undefined {
  const name = nameFault(certificate, host);
  if (chainProblem === undefined) return name;
  return timeFault(certificate, now) ?? name ?? chainFault(chainProblem);
}

/**
 * KEP-4872: a node can have its addresses written as it likes, but a certificate only in its own name. Undefined where
 * the certificate is this node's.
 */
export function nodeNameFault(certificate: X509Certificate, nodeName: string): string | undefined {
  const { commonName = "", organizations } = certificateSubject(certificate);
  const wanted = `system:node:${nodeName}`;
  if (commonName !== wanted)
    return `x509: certificate is for Common Name ${JSON.stringify(commonName)}, not ${JSON.stringify(wanted)}`;
  return organizations.includes("system:nodes")
    ? undefined
    : `x509: certificate for ${JSON.stringify(wanted)} has not the Organization "system:nodes"`;
}

function timeFault({ validFromDate, validToDate }: X509Certificate, now: number): string | undefined {
  const outside = "x509: certificate has expired or is not yet valid: current time";
  if (now < validFromDate.getTime())
    return `${outside} ${formatTime(now)} is before ${formatTime(+validFromDate)}`;
  return now > validToDate.getTime()
    ? `${outside} ${formatTime(now)} is after ${formatTime(+validToDate)}`
    : undefined;
}

/** OpenSSL's X509_check_host and X509_check_ip, held to Go's rules. */
function nameFault(certificate: X509Certificate, host: string): string | undefined {
  const isAddress = isIP(host) !== 0;
  const name = host.replace(/\.$/, "");
  if (isAddress ? certificate.checkIP(name) : certificate.checkHost(name, goRules)) return undefined;
  const alternatives = certificate.subjectAltName;
  if (alternatives === undefined && certificate.checkHost(name, { ...goRules, subject: "always" }))
    return "x509: certificate relies on legacy Common Name field, use SANs instead";
  const valid = listed(alternatives ?? "", isAddress ? "IP Address:" : "DNS:");
  if (valid !== "") return `x509: certificate is valid for ${valid}, not ${host}`;
  return isAddress
    ? `x509: cannot validate certificate for ${host} because it doesn't contain any IP SANs`
    : `x509: certificate is not valid for any names, but wanted to match ${host}`;
}

const goRules = {
  subject: "never",
  wildcards: true,
  partialWildcards: false,
  multiLabelWildcards: false,
  singleLabelSubdomains: false,
} as const;

/** For a message only: nothing is decided by this text, which a certificate can quote its way around. */
function listed(alternatives: string, kind: string): string {
  const names = alternatives.split(", ").filter((name) => name.startsWith(kind));
  return names.map((name) => goAddress(name.slice(kind.length))).join(", ");
}

/** OpenSSL writes IPv6 addresses in full and in capitals. */
function goAddress(name: string): string {
  return isIP(name) === 6 ? new URL(`https://[${name}]`).hostname.slice(1, -1) : name;
}

const unknownAuthority = "x509: certificate signed by unknown authority";
const chainTexts: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  CERT_SIGNATURE_FAILURE: unknownAuthority,
  CERT_UNTRUSTED: unknownAuthority,
  INVALID_PURPOSE: "x509: certificate specifies an incompatible key usage",
  CERT_HAS_EXPIRED: "x509: certificate has expired or is not yet valid: one that signed it",
  CERT_NOT_YET_VALID: "x509: certificate has expired or is not yet valid: one that signed it",
};

function chainFault(code: string): string {
  return chainTexts[code] ?? `x509: certificate cannot be verified (${code})`;
}
