import { createHash, X509Certificate } from "node:crypto";
import { type Clock, systemClock } from "../clock.ts";
import { CountersignError } from "../errors.ts";
import type { Caller, PresentedCertificate, RequestAuthenticator } from "./authenticator.ts";
import { findCertificateChain } from "./certificate-chain.ts";
import { readCertificateExtensions } from "./certificate-extensions.ts";
import { quotedList } from "./token-check.ts";

/** Whose certificates are accepted, and who signs them. */
export interface ClientCertificateOptions {
  /**
   * Names that may call, byte for byte, without wildcards: a certificate has one where its last common name or one of its
   * DNS names is that. Not optional: a cluster's CA also signs for nodes, users and, often, for whoever asks.
   */
  readonly names: readonly string[];
  /** The CA certificates of now; asked for at every request. A reload counts at once where it gives another list. */
  readonly ca: () => readonly X509Certificate[];
  readonly clock?: Clock;
}

/**
 * Authenticates requests by the peer's certificate; no opinion on a request without one. That the peer holds the key was
 * proven by the TLS handshake. Revocation lists are not read. What was found out is remembered with the
 * {@link PresentedCertificate}: hand in the same object for a connection's requests, and the walk is made once, until the
 * CA certificates change or one of the chain ends.
 * @returns an authenticator that throws ERR_CERTIFICATE_UNTRUSTED for a certificate without a chain to the route's CA,
 * ERR_CERTIFICATE_UNNAMED for one whose name is not listed.
 * @throws ERR_CONFIGURATION where no name is listed.
 */
export function createClientCertificateAuthenticator(
  options: ClientCertificateOptions,
): RequestAuthenticator {
  const clock = options.clock ?? systemClock;
  if (options.names.length === 0 || options.names.includes(""))
    throw new CountersignError(
      "ERR_CONFIGURATION",
      "clientCertificates.names: expected at least one name, none empty",
    );
  const remembered = new WeakMap<PresentedCertificate, Remembered>();
  return {
    authenticateRequest({ clientCertificate }) {
      if (clientCertificate === undefined) return undefined;
      const [roots, now] = [options.ca(), clock.now()];
      const known = remembered.get(clientCertificate);
      if (known !== undefined && known.roots === roots && now < known.caller.expiresAt!) return known.caller;
      const caller = callerOf(trustedChain(clientCertificate, roots, now), options.names);
      remembered.set(clientCertificate, { roots, caller });
      return caller;
    },
  };
}

/** What was found out of a certificate under these CAs. */
interface Remembered {
  readonly roots: readonly X509Certificate[];
  readonly caller: Caller;
}

function trustedChain(
  { raw, chain }: PresentedCertificate,
  roots: readonly X509Certificate[],
  now: number,
): readonly X509Certificate[] {
  let found: readonly X509Certificate[] | undefined;
  try {
    const leaf = new X509Certificate(raw);
    const intermediates = chain.map((der) => new X509Certificate(der));
    found = findCertificateChain({ leaf, intermediates, roots, now });
  } catch (cause) {
    throw untrusted("it cannot be read", cause);
  }
  if (found === undefined) throw untrusted("no valid chain leads to the route's CA");
  return found;
}

function untrusted(why: string, cause?: unknown): CountersignError {
  return new CountersignError("ERR_CERTIFICATE_UNTRUSTED", `client certificate: ${why}`, { cause });
}

function callerOf(chain: readonly X509Certificate[], allowed: readonly string[]): Caller {
  const leaf = chain[0]!;
  const subject = leaf.toLegacyObject().subject as unknown as Readonly<Record<string, unknown>>;
  // Go keeps the last of several common names (crypto/x509/pkix), and so would an API server
  const commonName = values(subject, "CN").at(-1);
  const names = [commonName, ...readCertificateExtensions(leaf.raw).dnsNames].filter(
    (name) => name !== undefined,
  );
  const name = names.find((candidate) => allowed.includes(candidate));
  if (name === undefined)
    throw new CountersignError(
      "ERR_CERTIFICATE_UNNAMED",
      `client certificate: expected one of the names ${quotedList(allowed)}, got ${quotedList(names)}`,
    );
  return {
    method: "clientCertificate",
    user: {
      username: commonName || name,
      groups: [...values(subject, "O"), "system:authenticated"],
      extra: { "authentication.kubernetes.io/credential-id": [`X509SHA256=${sha256(leaf.raw)}`] },
    },
    expiresAt: Math.min(...chain.map(({ validToDate }) => validToDate.getTime())),
  };
}

/** A subject's attribute is a string where it stands once, a list where it stands more often. */
function values(subject: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const value = Object.hasOwn(subject, name) ? subject[name] : undefined;
  return [value].flat().filter((item) => typeof item === "string");
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
