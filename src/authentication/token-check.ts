import { CountersignError, type ErrorCode } from "../errors.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import type { Secret } from "../secret.ts";
import type { AuthenticationMethod, Caller } from "./authenticator.ts";
import type { SignedToken } from "./signed-token.ts";

/** The two values a check compares, in words: for the log and for `verify`, never for the caller. */
export interface Compared {
  readonly expected: string;
  readonly actual: string;
}

/** One rule a token's claims must keep. Needs no key, so that all of them come before the signature. */
export interface TokenCheck {
  readonly name: string;
  /** What a failure is. */
  readonly code: ErrorCode;
  passes(token: SignedToken, now: number): boolean;
  compared(token: SignedToken, now: number): Compared;
}

/** One kind of token a route accepts: how to know it, what it must keep, and whom it makes of its bearer. */
export interface TokenProfile {
  readonly method: AuthenticationMethod;
  /** Whether the token is of this kind, good or bad. */
  covers(token: SignedToken): boolean;
  readonly checks: readonly TokenCheck[];
  caller(token: SignedToken): Caller;
}

/** What makes a token's claims true: the issuer's signature, or the API server's word. */
export interface TokenProof {
  readonly name: string;
  /**
   * Throws, with its code, where the token is not proven. Otherwise answers with the caller that the authority named, or
   * with undefined where it vouches for the claims as they stand.
   */
  prove(token: SignedToken, secret: Secret): MaybePromise<Caller | undefined>;
}

/** Long enough for any audience in use; a stranger's text gets no more of a log line. */
const maxQuoted = 256;

/** A stranger's text for a log or a terminal: in quotes, cut at 256 characters, all but printable ASCII escaped. */
export function quoted(value: string): string {
  const shown = JSON.stringify(value.slice(0, maxQuoted)).replace(/[^ -~]/g, escapeUnit);
  return value.length > maxQuoted ? `${shown}...` : shown;
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** Several of them. */
export function quotedList(values: readonly string[]): string {
  if (values.length === 0) return "none";
  const shown = values.slice(0, 8).map(quoted).join(", ");
  return values.length > 8 ? `${shown} and ${values.length - 8} more` : shown;
}

/** @throws the code of the first check that does not pass. */
export function assertChecks(checks: readonly TokenCheck[], token: SignedToken, now: number): void {
  for (const check of checks)
    if (!check.passes(token, now)) {
      const { expected, actual } = check.compared(token, now);
      throw new CountersignError(check.code, `token ${check.name}: expected ${expected}, got ${actual}`);
    }
}
