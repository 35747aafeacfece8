import type { X509Certificate } from "node:crypto";

/** The CA certificates of now: the same list until they change, by which verifiers remember what they found out. */
export type Certificates = () => readonly X509Certificate[];

/**
 * The certificates of several sources as one: of a file, say, and of the ConfigMap of an API server. Another list only where
 * a source gives another.
 */
export function combineCertificates(sources: readonly Certificates[]): Certificates {
  let parts: readonly (readonly X509Certificate[])[] = [];
  let combined: readonly X509Certificate[] = [];
  return () => {
    const now = sources.map((source) => source());
    if (now.length !== parts.length || now.some((part, index) => part !== parts[index])) {
      parts = now;
      combined = now.flat();
    }
    return combined;
  };
}
