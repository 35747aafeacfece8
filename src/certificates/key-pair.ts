import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { Secret } from "../secret.ts";
import { type CertificateUsage, purposeFault } from "./certificate-purpose.ts";
import { certificateBlocks, certificateError, readPemFile } from "./pem.ts";

/** A certificate with its key, known to belong together. */
export interface KeyPair {
  /** PEM: the leaf first, intermediates after it. */
  readonly certificate: string;
  /** PEM. */
  readonly key: Secret;
  /** Epoch milliseconds. */
  readonly notBefore: number;
  /** Epoch milliseconds: of the chain's certificates the one that expires first decides. */
  readonly notAfter: number;
}

/** Where a certificate and its key are, PEM. */
export interface KeyPairFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/**
 * Reads a certificate and its key. Whether they are valid now is left to whoever uses them.
 * @param purpose - what it has to be good for; one without an extended key usage is good for all. Left out, nobody looks.
 * @throws ERR_CERTIFICATE_INVALID naming the file: unreadable, no certificate in it, a certificate for another purpose, an
 * encrypted key, a key of another certificate, a key too small for TLS.
 */
export async function loadKeyPair(
  { certFile, keyFile }: KeyPairFiles,
  purpose?: CertificateUsage,
): Promise<KeyPair> {
  const [certificate, key] = await Promise.all([readPemFile(certFile), readPemFile(keyFile)]);
  const chain = parseChain(certificate, certFile);
  assertOwnKey(chain[0], parseKey(key, keyFile), { certFile, keyFile });
  const fault = purpose === undefined ? undefined : purposeFault(chain[0], purpose);
  if (fault !== undefined) throw certificateError(certFile, fault);
  try {
    createSecureContext({ cert: certificate, key });
  } catch (cause) {
    throw certificateError(certFile, `cannot serve TLS: ${(cause as Error).message}`, cause);
  }
  return {
    certificate,
    key: new Secret(key),
    notBefore: Math.max(...chain.map(({ validFromDate }) => validFromDate.getTime())),
    notAfter: Math.min(...chain.map(({ validToDate }) => validToDate.getTime())),
  };
}

/**
 * A private key in PEM.
 * @throws ERR_CERTIFICATE_INVALID naming the file: unreadable, no key in it, an encrypted one.
 */
export async function loadPrivateKey(keyFile: string): Promise<KeyObject> {
  return parseKey(await readPemFile(keyFile), keyFile);
}

/**
 * A certificate in PEM, and those behind it.
 * @throws ERR_CERTIFICATE_INVALID naming the file: unreadable, no certificate in it.
 */
export async function loadCertificateChain(
  certFile: string,
): Promise<[X509Certificate, ...X509Certificate[]]> {
  return parseChain(await readPemFile(certFile), certFile);
}

/**
 * A private key, known to be its certificate's.
 * @throws ERR_CERTIFICATE_INVALID as the two before it do, and naming the key's file for a key of another certificate.
 */
export async function loadOwnKey(files: KeyPairFiles): Promise<KeyObject> {
  const { certFile, keyFile } = files;
  const [[leaf], key] = await Promise.all([loadCertificateChain(certFile), loadPrivateKey(keyFile)]);
  assertOwnKey(leaf, key, files);
  return key;
}

function assertOwnKey(leaf: X509Certificate, key: KeyObject, { certFile, keyFile }: KeyPairFiles): void {
  if (!leaf.checkPrivateKey(key))
    throw certificateError(keyFile, `is not the key of the first certificate in ${certFile}`);
}

function parseChain(pem: string, file: string): [X509Certificate, ...X509Certificate[]] {
  const [leaf, ...rest] = parseCertificates(pem, file);
  if (leaf === undefined) throw certificateError(file, "holds no certificate in PEM");
  return [leaf, ...rest];
}

/** Every certificate of a PEM text. @throws ERR_CERTIFICATE_INVALID where one cannot be parsed. */
export function parseCertificates(pem: string, file: string): X509Certificate[] {
  const blocks = certificateBlocks(pem);
  if (blocks.length !== pem.split("-----BEGIN CERTIFICATE-----").length - 1)
    throw certificateError(file, `certificate ${blocks.length + 1} has no end`);
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      throw certificateError(file, `certificate ${index + 1} cannot be parsed`, cause);
    }
  });
}

function parseKey(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const problem = pem.includes("ENCRYPTED") ? "holds an encrypted key" : "holds no private key in PEM";
    throw certificateError(file, `${problem}: a PEM key without a passphrase is needed`, cause);
  }
}

/** Why it cannot be used now; undefined where it can. */
export function validityFault(
  { notBefore, notAfter }: Pick<KeyPair, "notBefore" | "notAfter">,
  now: number,
): string | undefined {
  if (now < notBefore) return `is not valid before ${new Date(notBefore).toISOString()}`;
  return now > notAfter ? `expired ${new Date(notAfter).toISOString()}` : undefined;
}
