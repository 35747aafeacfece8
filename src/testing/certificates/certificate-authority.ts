import type { CertificateUsage } from "../../certificates/certificate-purpose.ts";
import {
  type CertificateHolder,
  type WrittenCertificate,
  writeAuthority,
  writeLeaf,
} from "../../certificates/certificate-writer.ts";
import { type Clock, systemClock } from "../../clock.ts";

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

/**
 * A certificate authority for tests: ECDSA P-256 certificates with the extensions that Go, OpenSSL in strict mode and
 * Node ask for. Its key lives in this process only.
 */
export function createCertificateAuthority(options: CertificateAuthorityOptions = {}): CertificateAuthority {
  const { commonName = "countersign-test-ca", clock = systemClock } = options;
  return authority(certifiedAuthority(commonName, clock), clock);
}

function authority({ certificatePem, holder }: WrittenCertificate, clock: Clock): CertificateAuthority {
  return {
    certificatePem,
    issue: (options) => {
      const { certificatePem: leafPem, keyPem } = certifiedLeaf(options, clock, holder);
      return { certificatePem: leafPem, keyPem };
    },
    issueAuthority: ({ commonName }) => authority(certifiedAuthority(commonName, clock, holder), clock),
  };
}

function certifiedAuthority(
  commonName: string,
  clock: Clock,
  issuer?: CertificateHolder,
): WrittenCertificate {
  const now = clock.now();
  return writeAuthority(commonName, { notBefore: now - hourMs, notAfter: now + 10 * yearMs }, issuer);
}

function certifiedLeaf(
  options: CertificateOptions,
  clock: Clock,
  issuer: CertificateHolder,
): WrittenCertificate {
  const now = clock.now();
  const { commonName, dnsNames = [], ipAddresses = [], organization = [] } = options;
  const named = dnsNames.length + ipAddresses.length > 0;
  const usages = options.usages ?? [named ? "serverAuth" : "clientAuth"];
  const validity = {
    notBefore: options.notBefore ?? now - hourMs,
    notAfter: options.notAfter ?? now + yearMs,
  };
  const subject = { commonName, organizations: [organization].flat(), dnsNames, ipAddresses, usages };
  return writeLeaf(subject, validity, issuer);
}
