import { X509Certificate } from "node:crypto";
import { type Clock, systemClock } from "../clock.ts";
import { CountersignError } from "../errors.ts";
import type { PresentedCertificate } from "./authenticator.ts";
import { findCertificateChain } from "./certificate-chain.ts";

/** A certificate with a chain to a CA. */
export interface VerifiedCertificate {
  readonly leaf: X509Certificate;
  /** Epoch milliseconds: of the chain's certificates the one that ends first decides. */
  readonly expiresAt: number;
}

export interface CertificateVerifierOptions {
  /** The CA certificates of now; another list is a reload. */
  readonly ca: () => readonly X509Certificate[];
  /** What errors call it. */
  readonly what: string;
  /** What errors call the CA. */
  readonly whose: string;
  readonly clock?: Clock | undefined;
}

export interface CertificateVerifier {
  /**
   * The same object for the same certificate until the CA certificates change or the chain ends.
   * @throws ERR_CERTIFICATE_UNTRUSTED
   */
  verify(presented: PresentedCertificate): VerifiedCertificate;
}

/** Where two CAs are told apart on one listener, every request of a connection is refused by one of them first. */
const refusalRememberedMs = 10_000;

interface Remembered {
  readonly roots: readonly X509Certificate[];
  readonly from: number;
  readonly until: number;
  readonly outcome: VerifiedCertificate | CountersignError;
}

/** Walks the chain of a connection's certificate once, and remembers what came of it with the object that was presented. */
export function createCertificateVerifier(options: CertificateVerifierOptions): CertificateVerifier {
  const { ca, clock = systemClock } = options;
  const remembered = new WeakMap<PresentedCertificate, Remembered>();
  return {
    verify(presented) {
      const [roots, now] = [ca(), clock.now()];
      let known = remembered.get(presented);
      if (known === undefined || known.roots !== roots || now >= known.until || now < known.from) {
        known = { roots, from: now, ...judge(presented, roots, now, options) };
        remembered.set(presented, known);
      }
      if (known.outcome instanceof CountersignError) throw known.outcome;
      return known.outcome;
    },
  };
}

function judge(
  { raw, chain }: PresentedCertificate,
  roots: readonly X509Certificate[],
  now: number,
  { what, whose }: CertificateVerifierOptions,
): Pick<Remembered, "outcome" | "until"> {
  const refused = (why: string, cause?: unknown): Pick<Remembered, "outcome" | "until"> => ({
    outcome: new CountersignError("ERR_CERTIFICATE_UNTRUSTED", `${what}: ${why}`, { cause }),
    until: now + refusalRememberedMs,
  });
  try {
    const leaf = new X509Certificate(raw);
    const intermediates = chain.map((der) => new X509Certificate(der));
    const found = findCertificateChain({ leaf, intermediates, roots, now });
    if (found === undefined) return refused(`no valid chain leads to ${whose}`);
    const expiresAt = Math.min(...found.map(({ validToDate }) => validToDate.getTime()));
    return { outcome: { leaf, expiresAt }, until: expiresAt };
  } catch (cause) {
    return refused("it cannot be read", cause);
  }
}
