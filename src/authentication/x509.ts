import { X509Certificate } from "node:crypto";
import { type Clock, systemClock } from "../clock.ts";
import { diagnosticsChannel } from "../diagnostics.ts";
import { CountersignError } from "../errors.ts";
import type { Caller, PresentedCertificate, RequestAuthenticator } from "./authenticator.ts";
import { certificateExtra, certificateSubject } from "./certificate-subject.ts";
import { createCertificateVerifier, type VerifiedCertificate } from "./verified-certificate.ts";

/** Who signs users' certificates. */
export interface X509Options {
  /** The CA certificates of now; without any, no certificate is an opinion. */
  readonly ca: () => readonly X509Certificate[];
  readonly clock?: Clock;
}

/**
 * Authenticates requests by the peer's certificate as an API server does: any name the CA has signed is a user, by common
 * name, its organizations are the groups (kubernetes/apiserver pkg/authentication/request/x509). For servers that
 * authorize every request; a webhook names its callers, see {@link createClientCertificateAuthenticator}. No opinion
 * on a request without a certificate, and on one whose common name is empty.
 * @returns an authenticator that throws ERR_CERTIFICATE_UNTRUSTED for a certificate without a chain to the CA, and for a
 * subject with more than one uid or an empty one.
 */
export function createX509Authenticator(options: X509Options): RequestAuthenticator {
  const { ca, clock = systemClock } = options;
  const verifier = createCertificateVerifier({
    ca,
    what: "client certificate",
    whose: "the client CA",
    clock,
  });
  const callers = new WeakMap<VerifiedCertificate, { readonly caller: Caller | undefined }>();
  return {
    authenticateRequest({ clientCertificate }) {
      if (clientCertificate === undefined || ca().length === 0) return undefined;
      if (arrivals.hasSubscribers) publishRemaining(clientCertificate, clock);
      const verified = verifier.verify(clientCertificate);
      const known = callers.get(verified) ?? { caller: callerOf(verified) };
      callers.set(verified, known);
      return known.caller;
    },
  };
}

const arrivals = diagnosticsChannel("countersign:clientCertificate");
const ends = new WeakMap<PresentedCertificate, number>();

/** Of the good and of those that will be refused, as upstream counts; not of one that cannot be read. */
function publishRemaining(certificate: PresentedCertificate, clock: Clock): void {
  let end = ends.get(certificate);
  if (end === undefined) {
    end = endOf(certificate);
    ends.set(certificate, end);
  }
  if (!Number.isNaN(end)) arrivals.publish({ remainingMs: end - clock.now() });
}

function endOf({ raw }: PresentedCertificate): number {
  try {
    return new X509Certificate(raw).validToDate.getTime();
  } catch {
    return Number.NaN;
  }
}

function callerOf({ leaf, expiresAt }: VerifiedCertificate): Caller | undefined {
  const { commonName, organizations, uids } = certificateSubject(leaf);
  if (!commonName) return undefined;
  const [uid, ...more] = uids;
  if (uid === "" || more.length > 0)
    throw new CountersignError(
      "ERR_CERTIFICATE_UNTRUSTED",
      "client certificate: the uid of its subject is empty, no text or stands more than once",
    );
  return {
    method: "clientCertificate",
    user: {
      username: commonName,
      ...(uid !== undefined && { uid }),
      groups: organizations,
      extra: certificateExtra(leaf),
    },
    expiresAt,
  };
}
