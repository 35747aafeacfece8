import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { isWeakDigest } from "./explain-transport-error.ts";
import { missingSAN } from "./tls-client-options.ts";

/** What kube-apiserver counts of its webhooks' certificates: Go refuses both kinds, or will. */
export type CertificateProblem = "missingSAN" | "insecureSHA1";

/** What is wrong with the certificates of a handshake that succeeded (apiserver pkg/util/x509metrics). */
export function certificateProblems(socket: TLSSocket): readonly CertificateProblem[] {
  const chain = sentChain(socket.getPeerCertificate(true));
  const [leaf] = chain;
  return [
    ...(leaf !== undefined && !leaf.subjectaltname ? (["missingSAN"] as const) : []),
    ...(chain.some(isSignedWithSHA1) ? (["insecureSHA1"] as const) : []),
  ];
}

/** What made a handshake fail, where it is one of these. */
export function refusedFor(error: NodeJS.ErrnoException): readonly CertificateProblem[] {
  if (error.code === missingSAN) return ["missingSAN"];
  return isWeakDigest(error) ? ["insecureSHA1"] : [];
}

/** Without the root, which is its own issuer: nobody relies on its signature. */
function sentChain(leaf: DetailedPeerCertificate): DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  for (let one = leaf; one?.raw !== undefined && one.issuerCertificate !== one; one = one.issuerCertificate)
    chain.push(one);
  return chain;
}

/** sha1WithRSAEncryption (RFC 8017) and ecdsa-with-SHA1 (RFC 5758), as they are encoded. */
const sha1Algorithms = new Set(["2a864886f70d010105", "2a8648ce3d0401"]);

function isSignedWithSHA1({ raw }: DetailedPeerCertificate): boolean {
  return sha1Algorithms.has(signatureAlgorithm(raw));
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { OBJECT IDENTIFIER … }, … } (RFC 5280 4.1). */
export function signatureAlgorithm(der: Buffer): string {
  const certificate = element(der, 0);
  const toBeSigned = element(der, certificate.start);
  const algorithm = element(der, toBeSigned.end);
  const { start, end } = element(der, algorithm.start);
  return der.toString("hex", start, end);
}

/** Where the contents of the DER element at `offset` begin and end. OpenSSL has parsed it before. */
function element(der: Buffer, offset: number): { readonly start: number; readonly end: number } {
  const first = der[offset + 1]!;
  if (first < 0x80) return { start: offset + 2, end: offset + 2 + first };
  const octets = first & 0x7f;
  const start = offset + 2 + octets;
  return { start, end: start + der.readUIntBE(offset + 2, octets) };
}
