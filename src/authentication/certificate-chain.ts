import type { X509Certificate } from "node:crypto";
import { type CertificateExtensions, readCertificateExtensions } from "./certificate-extensions.ts";

/** A certificate and what of it node:crypto does not show. */
interface Link {
  readonly certificate: X509Certificate;
  readonly extensions: CertificateExtensions;
}

/** Real chains have one to three intermediates; what the peer sends is his choice. */
const maxIntermediates = 8;

/** Each is a public-key operation of 20 µs and more, and certificates that name one another could ask for many. */
const maxVerifications = 32;

/** RFC 5280 section 4.2.1.12: 1.3.6.1.5.5.7.3.2 and 2.5.29.37.0. */
const clientAuth = "2b06010505070302";
const anyExtendedKeyUsage = "551d2500";

/** RSA PKCS #1 v1.5 and ECDSA, each with SHA-256, 384 and 512, and Ed25519. Not MD5, not SHA-1. */
const signatureAlgorithms = [
  "2a864886f70d01010b",
  "2a864886f70d01010c",
  "2a864886f70d01010d",
  "2a8648ce3d040302",
  "2a8648ce3d040303",
  "2a8648ce3d040304",
  "2b6570",
];

const minRSABits = 2048;

export interface CertificateChainOptions {
  readonly leaf: X509Certificate;
  /** What the peer sent with it, in any order. */
  readonly intermediates: readonly X509Certificate[];
  readonly roots: readonly X509Certificate[];
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * The chain from the leaf to one of the roots, leaf first; undefined where there is none. Walked here and not read off the
 * connection, because a listener knows one list of CAs and each route its own. Every certificate must be within its
 * dates, signed with SHA-256 or better by the next, be fit for client authentication where it says what it is fit for,
 * have an RSA key of 2048 bits or more where it has one, and hold neither name constraints nor another critical extension
 * that is not understood. Every issuer must be a CA that may sign, and keep its path length. What cannot be read is in no chain.
 */
export function findCertificateChain(
  options: CertificateChainOptions,
): readonly X509Certificate[] | undefined {
  if (options.intermediates.length > maxIntermediates) return undefined;
  const usable = (certificate: X509Certificate): Link[] => usableLink(certificate, options.now);
  const roots = options.roots.flatMap(usable);
  const intermediates = options.intermediates.flatMap(usable);
  let verifications = 0;

  const climb = (path: readonly Link[], candidates: readonly Link[]): readonly Link[] | undefined => {
    const below = path.at(-1)!;
    if (signatureFault(below.extensions) !== undefined) return undefined;
    for (const [isRoot, issuers] of [
      [true, roots],
      [false, candidates],
    ] as const)
      for (const issuer of issuers) {
        if (!mayIssue(issuer, below, path.length - 1)) continue;
        if (++verifications > maxVerifications) return undefined;
        if (!below.certificate.verify(issuer.certificate.publicKey)) continue;
        const found = isRoot
          ? [...path, issuer]
          : climb(
              [...path, issuer],
              candidates.filter((other) => other !== issuer),
            );
        if (found !== undefined) return found;
      }
    return undefined;
  };
  const [leaf] = usable(options.leaf);
  const chain = leaf === undefined ? undefined : climb([leaf], intermediates);
  return chain?.map(({ certificate }) => certificate);
}

/** A CA's list may hold what cannot be read here, of an unknown kind of key perhaps: the others go on. */
function usableLink(certificate: X509Certificate, now: number): Link[] {
  try {
    const extensions = readCertificateExtensions(certificate.raw);
    // reads the key, too, which node does when it is asked for
    return certificateFault(certificate, extensions, now) === undefined ? [{ certificate, extensions }] : [];
  } catch {
    return [];
  }
}

/** Why a certificate can stand in no chain, whoever signed it; undefined where it can. */
export function certificateFault(
  certificate: X509Certificate,
  { extendedKeyUsage, unhandled }: CertificateExtensions,
  now: number,
): string | undefined {
  const { validFromDate, validToDate, publicKey } = certificate;
  if (now < validFromDate.getTime()) return `it is not valid before ${validFromDate.toISOString()}`;
  if (now > validToDate.getTime()) return `it has expired at ${validToDate.toISOString()}`;
  if (unhandled.length > 0) return "it holds name constraints or a critical extension that is not known here";
  if ((publicKey.asymmetricKeyDetails?.modulusLength ?? minRSABits) < minRSABits)
    return `its RSA key is shorter than ${minRSABits} bits`;
  if (!(extendedKeyUsage?.some((usage) => usage === clientAuth || usage === anyExtendedKeyUsage) ?? true))
    return "it is not for client authentication";
  return undefined;
}

/** Why nobody's signature on a certificate counts; undefined where it may. */
export function signatureFault({ signatureAlgorithm }: CertificateExtensions): string | undefined {
  return signatureAlgorithms.includes(signatureAlgorithm)
    ? undefined
    : "it is signed with another algorithm than RSA PKCS #1 v1.5 or ECDSA with SHA-256, 384 or 512, or Ed25519";
}

/** By name and key identifier (RFC 5280 section 6.1); the signature is the caller's to verify. */
function mayIssue(issuer: Link, below: Link, intermediatesBelow: number): boolean {
  const { pathLength } = issuer.extensions;
  return (
    issuer.certificate.ca &&
    (pathLength === undefined || intermediatesBelow <= pathLength) &&
    below.certificate.checkIssued(issuer.certificate)
  );
}
