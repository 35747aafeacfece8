import type { X509Certificate } from "node:crypto";
import { parseCertificates } from "./key-pair.ts";
import { certificateError, readPemFile } from "./pem.ts";

/** The certificates some side trusts. */
export interface CABundle {
  readonly pem: string;
  readonly certificates: readonly X509Certificate[];
}

/**
 * Reads a bundle of CA certificates.
 * @throws ERR_CERTIFICATE_INVALID naming the file: unreadable, none in it, or one that cannot be parsed.
 */
export async function loadCABundle(file: string): Promise<CABundle> {
  return parseCABundle(await readPemFile(file), file);
}

/** The same for a text that has been read; `file` is what errors call it. */
export function parseCABundle(pem: string, file: string): CABundle {
  const certificates = parseCertificates(pem, file);
  if (certificates.length === 0) throw certificateError(file, "holds no certificate in PEM");
  return { pem, certificates };
}

/**
 * Whether a `caBundle`, PEM in base64, holds certificates. What is wrong with it stays unsaid: whatever was pasted there
 * may be a key.
 */
export function holdsCertificates(caBundle: string): boolean {
  try {
    parseCABundle(Buffer.from(caBundle, "base64").toString("latin1"), "caBundle");
    return true;
  } catch {
    return false;
  }
}
