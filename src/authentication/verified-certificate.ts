import { X509Certificate } from "node:crypto";
import { type Clock, systemClock } from "../clock.ts";
import { CountersignError } from "../errors.ts";
import type { PresentedCertificate } from "./authenticator.ts";
import { certificateFault, findCertificateChain, signatureFault } from "./certificate-chain.ts";
import { readCertificateExtensions } from "./certificate-extensions.ts";

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
    if (found === undefined) return refused(whyUnchained(leaf, whose, now));
    const expiresAt = Math.min(...found.map(({ validToDate }) => validToDate.getTime()));
    return { outcome: { leaf, expiresAt }, until: expiresAt };
  } catch (cause) {
    return refused("it cannot be read", cause);
  }
}

/** With what tells certificates apart in an API server's log: serial number, own key, its signer's key. */
function whyUnchained(leaf: X509Certificate, whose: string, now: number): string {
  const extensions = readCertificateExtensions(leaf.raw);
  const own = certificateFault(leaf, extensions, now) ?? signatureFault(extensions);
  const why = own ?? `no valid chain leads to ${whose}`;
  const { subjectKeyIdentifier, authorityKeyIdentifier } = extensions;
  const serial = leaf.serialNumber.length > longestNumber ? "long" : BigInt(`0x${leaf.serialNumber}`);
  return `${why} (SN=${serial}, SKID=${colons(subjectKeyIdentifier)}, AKID=${colons(authorityKeyIdentifier)})`;
}

/** Of hex digits: 20 bytes is what either takes (RFC 5280); a stranger's certificate may hold more, a log line not. */
const longestNumber = 40;

function colons(hex = ""): string {
  return (hex.slice(0, longestNumber).toUpperCase().match(/../g) ?? []).join(":");
}
