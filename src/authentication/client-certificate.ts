import type { X509Certificate } from "node:crypto";
import type { Clock } from "../clock.ts";
import { CountersignError } from "../errors.ts";
import type { Caller, RequestAuthenticator } from "./authenticator.ts";
import { readCertificateExtensions } from "./certificate-extensions.ts";
import { certificateExtra, certificateSubject } from "./certificate-subject.ts";
import { quotedList } from "./token-check.ts";
import { createCertificateVerifier, type VerifiedCertificate } from "./verified-certificate.ts";

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
  const { names, ca, clock } = options;
  if (names.length === 0 || names.includes(""))
    throw new CountersignError(
      "ERR_CONFIGURATION",
      "clientCertificates.names: expected at least one name, none empty",
    );
  const verifier = createCertificateVerifier({
    ca,
    what: "client certificate",
    whose: "the route's CA",
    clock,
  });
  const callers = new WeakMap<VerifiedCertificate, Caller>();
  return {
    authenticateRequest({ clientCertificate }) {
      if (clientCertificate === undefined) return undefined;
      const verified = verifier.verify(clientCertificate);
      const caller = callers.get(verified) ?? callerOf(verified, names);
      callers.set(verified, caller);
      return caller;
    },
  };
}

function callerOf({ leaf, expiresAt }: VerifiedCertificate, allowed: readonly string[]): Caller {
  const { commonName, organizations } = certificateSubject(leaf);
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
      groups: [...organizations, "system:authenticated"],
      extra: certificateExtra(leaf),
    },
    expiresAt,
  };
}
