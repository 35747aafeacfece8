import { X509Certificate } from "node:crypto";
import type { AuthorityState, KeptAuthority } from "./authority-state.ts";
import { madeAt, type ServingPair } from "./signing-authority.ts";

export interface RotationOptions {
  readonly dnsNames: readonly string[];
  readonly caValidityMs: number;
  readonly certificateValidityMs: number;
  /** How long before its end a CA or certificate is replaced. Less than either lives. */
  readonly renewBeforeMs: number;
}

/** What there is to decide by. */
export interface RotationSituation {
  readonly kept: KeptAuthority;
  /** Epoch milliseconds, by the clock of those who verify. */
  readonly now: number;
  /** Whether every webhook configuration that calls us trusts it. */
  readonly published: (authority: X509Certificate) => boolean;
  /** From this instant on, no CA made before it is to be used or trusted; somebody may have its key. */
  readonly rotateAfter?: number | undefined;
}

/** One step; after it has been taken, plan again. */
export type RotationPlan =
  /** Nothing to do before `until`, as far as clocks go. */
  | { readonly action: "keep"; readonly until: number }
  | { readonly action: "refuse"; readonly why: string }
  /** A new CA and certificate at once. What is trusted already stays trusted. */
  | { readonly action: "create" | "recover"; readonly why: string }
  /** A new certificate, of the CA that signs already. */
  | { readonly action: "sign"; readonly why: string; readonly dnsNames: readonly string[] }
  /** A new CA, to be trusted and not to sign yet. */
  | { readonly action: "announce"; readonly why: string }
  | { readonly action: "notePublished"; readonly why: string }
  /** The announced CA signs from now on. */
  | { readonly action: "promote"; readonly why: string }
  /** Old CAs are no longer published: those that have expired, and those that were not to be trusted any more. */
  | { readonly action: "retire"; readonly why: string; readonly madeBefore: number };

/** API servers see a webhook configuration seconds after it was written; one that lags by more than this is in trouble. */
const longestSettleMs = 10 * 60_000;
/** An expired CA is of no use, but clocks differ. */
const retiredAfterMs = 3_600_000;

/**
 * Decides what becomes next of a self-made CA and certificate. No call fails on the way: a CA is published beside the old
 * one first, signs only after every configuration has held it for a while, and leaves when nothing it signed is valid any more.
 */
export function planRotation(situation: RotationSituation, options: RotationOptions): RotationPlan {
  const { kept, now } = situation;
  switch (kept.kind) {
    case "foreign":
      return { action: "refuse", why: kept.problem };
    case "empty":
      return { action: "create", why: "there is none yet" };
    case "damaged":
      return { action: "recover", why: kept.problem };
    case "held":
      return (
        planForInvalid(kept.state, now, options) ??
        planForNext(kept.state, situation, options) ??
        planForRequest(kept.state, situation, options) ??
        planForDue(kept.state, now, options) ?? {
          action: "keep",
          until: nextDue(kept.state, situation, options),
        }
      );
  }
}

/** Nobody can verify what is not valid now: there is nothing to wait for. */
function planForInvalid(
  { signer, next, leaf }: AuthorityState,
  now: number,
  { dnsNames }: RotationOptions,
): RotationPlan | undefined {
  const problem = invalidity("the CA", spanOf(signer.certificate), now);
  if (problem !== undefined)
    return next !== undefined && invalidity("", spanOf(next.authority.certificate), now) === undefined
      ? { action: "promote", why: problem }
      : { action: "recover", why: problem };
  const why = leaf === undefined ? "the certificate is damaged" : invalidity("the certificate", leaf, now);
  return why === undefined ? undefined : { action: "sign", why, dnsNames };
}

function planForNext(
  { next }: AuthorityState,
  { now, published }: RotationSituation,
  options: RotationOptions,
): RotationPlan | undefined {
  if (next === undefined || !published(next.authority.certificate)) return undefined;
  const { publishedAt } = next;
  if (publishedAt === undefined)
    return { action: "notePublished", why: "every webhook configuration trusts the next CA" };
  // the clocks of two replicas, and the whole seconds of a date, differ by less
  if (publishedAt - now > settleMs(options)) return { action: "notePublished", why: "the clock went back" };
  if (now < publishedAt + settleMs(options)) return undefined;
  return { action: "promote", why: "every webhook configuration has trusted the next CA for long enough" };
}

/** As for a CA that is due, and what it signed is not waited for to expire: only for all replicas to serve another. */
function planForRequest(
  { signer, next, previous, leaf }: AuthorityState,
  { now, rotateAfter = Number.POSITIVE_INFINITY }: RotationSituation,
  options: RotationOptions,
): RotationPlan | undefined {
  if (now < rotateAfter) return undefined;
  if (madeAt(signer.certificate) < rotateAfter)
    return next === undefined || madeAt(next.authority.certificate) < rotateAfter
      ? { action: "announce", why: `no CA from before ${text(rotateAfter)} is wanted` }
      : undefined;
  const outdated = previous.some((certificate) => madeAt(certificate) < rotateAfter);
  if (!outdated || now < servedSince(leaf!) + settleMs(options)) return undefined;
  return {
    action: "retire",
    why: `no CA from before ${text(rotateAfter)} is wanted`,
    madeBefore: rotateAfter,
  };
}

function planForDue(state: AuthorityState, now: number, options: RotationOptions): RotationPlan | undefined {
  const { signer, next, leaf, previous } = state;
  const missing = options.dnsNames.filter((name) => !leaf!.dnsNames.includes(name));
  if (missing.length > 0)
    // names of other replicas' configuration stay: during a rollout both would sign by turns otherwise
    return {
      action: "sign",
      why: `the certificate is not for ${missing.join(", ")}`,
      dnsNames: [...new Set([...leaf!.dnsNames, ...options.dnsNames])],
    };
  if (next === undefined && now >= spanOf(signer.certificate).notAfter - options.renewBeforeMs)
    return { action: "announce", why: `the CA ends ${text(spanOf(signer.certificate).notAfter)}` };
  if (now >= leafDue(state, now, options))
    return {
      action: "sign",
      why: `the certificate ends ${text(leaf!.notAfter)}`,
      dnsNames: options.dnsNames,
    };
  if (previous.some((certificate) => now >= spanOf(certificate).notAfter + retiredAfterMs))
    return { action: "retire", why: "an old CA has expired", madeBefore: Number.NEGATIVE_INFINITY };
  return undefined;
}

/** Never, where the CA could give no longer a life: the next CA will. */
function leafDue({ signer, leaf }: AuthorityState, now: number, options: RotationOptions): number {
  const end = Math.min(now + options.certificateValidityMs, spanOf(signer.certificate).notAfter);
  // a certificate says whole seconds
  return end - leaf!.notAfter < 1000 ? Number.POSITIVE_INFINITY : leaf!.notAfter - options.renewBeforeMs;
}

function nextDue(
  { signer, next, previous, leaf }: AuthorityState,
  { now, rotateAfter = Number.NEGATIVE_INFINITY }: RotationSituation,
  options: RotationOptions,
): number {
  const signerEnds = spanOf(signer.certificate).notAfter;
  const instants = [
    leaf!.notAfter - options.renewBeforeMs,
    signerEnds - options.renewBeforeMs,
    signerEnds,
    ...(next?.publishedAt === undefined ? [] : [next.publishedAt + settleMs(options)]),
    ...previous.map((certificate) => spanOf(certificate).notAfter + retiredAfterMs),
    rotateAfter,
    ...(previous.some((certificate) => madeAt(certificate) < rotateAfter)
      ? [servedSince(leaf!) + settleMs(options)]
      : []),
  ];
  return Math.min(...instants.filter((instant) => instant > now));
}

function servedSince({ certificate }: ServingPair): number {
  return madeAt(new X509Certificate(certificate));
}

function settleMs({ renewBeforeMs }: RotationOptions): number {
  return Math.min(longestSettleMs, renewBeforeMs / 10);
}

interface Span {
  readonly notBefore: number;
  readonly notAfter: number;
}

function spanOf({ validFromDate, validToDate }: X509Certificate): Span {
  return { notBefore: validFromDate.getTime(), notAfter: validToDate.getTime() };
}

function invalidity(what: string, { notBefore, notAfter }: Span, now: number): string | undefined {
  if (now < notBefore) return `${what} is not valid before ${text(notBefore)}, and it is ${text(now)}`;
  return now > notAfter ? `${what} ended ${text(notAfter)}` : undefined;
}

function text(instant: number): string {
  return new Date(instant).toISOString();
}
