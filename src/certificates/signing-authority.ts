import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { Secret } from "../secret.ts";
import { writeAuthority, writeLeaf } from "./certificate-writer.ts";
import type { KeyPair } from "./key-pair.ts";

/** Callers' clocks may be behind ours by this much. */
const backdatedMs = 3_600_000;

/** A CA certificate with its key. */
export interface SigningAuthority {
  readonly certificate: X509Certificate;
  /** PEM. */
  readonly key: Secret;
}

/** A certificate to serve with, and the names it is for. */
export interface ServingPair extends KeyPair {
  readonly dnsNames: readonly string[];
}

/** A CA of its own name, so that a bundle of several never offers the wrong one first. `now` is epoch milliseconds. */
export function createSigningAuthority(now: number, validityMs: number): SigningAuthority {
  const { certificatePem, keyPem } = writeAuthority(`countersign-ca-${randomBytes(4).toString("hex")}`, {
    notBefore: now - backdatedMs,
    notAfter: now + validityMs,
  });
  return { certificate: new X509Certificate(certificatePem), key: new Secret(keyPem) };
}

/** When a certificate of ours was made, epoch milliseconds. */
export function madeAt({ validFromDate }: X509Certificate): number {
  return validFromDate.getTime() + backdatedMs;
}

export interface ServingPairOptions {
  readonly dnsNames: readonly string[];
  /** Epoch milliseconds. */
  readonly now: number;
  /** Cut where the authority's own certificate ends: no chain lives longer than its root. */
  readonly validityMs: number;
}

export function issueServingPair(authority: SigningAuthority, options: ServingPairOptions): ServingPair {
  const { dnsNames, now, validityMs } = options;
  const { certificatePem, keyPem } = writeLeaf(
    { commonName: "countersign", dnsNames, usages: ["serverAuth"] },
    {
      notBefore: now - backdatedMs,
      notAfter: Math.min(now + validityMs, authority.certificate.validToDate.getTime()),
    },
    {
      commonName: commonNameOf(authority.certificate),
      organizations: [],
      privateKey: createPrivateKey(authority.key.reveal()),
    },
  );
  return servingPairOf(new X509Certificate(certificatePem), new Secret(keyPem));
}

/** The pair that a certificate and its key are. */
export function servingPairOf(certificate: X509Certificate, key: Secret): ServingPair {
  return {
    certificate: certificate.toString(),
    key,
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
    dnsNames: (certificate.subjectAltName ?? "").split(", ").flatMap((name) => name.split("DNS:")[1] ?? []),
  };
}

function commonNameOf({ subject }: X509Certificate): string {
  return subject.replace(/^CN=/, "");
}
