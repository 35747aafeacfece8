import { type Clock, systemClock } from "../clock.ts";
import { CountersignError, type ErrorCode, errorCodeOf } from "../errors.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { andThen } from "../maybe-promise.ts";
import type { Secret } from "../secret.ts";
import type { Caller, TokenAuthenticator } from "./authenticator.ts";
import { decodeSignedToken, type SignedToken } from "./signed-token.ts";
import {
  assertChecks,
  type Compared,
  type TokenCheck,
  type TokenProfile,
  type TokenProof,
} from "./token-check.ts";

/** One line of an explanation. No member holds a token or a key. */
export interface TokenFinding extends Partial<Compared> {
  readonly check: string;
  readonly passed: boolean;
  /** Where it did not pass: what the verifier would refuse the token with, were this the first. */
  readonly code?: ErrorCode;
}

export interface TokenVerifierOptions {
  /** Checks on every token, in order: what is cheap to refuse is refused first. */
  readonly checks: readonly TokenCheck[];
  /** The kinds of token that are accepted. The first that covers a token judges it. */
  readonly profiles: readonly TokenProfile[];
  /** What makes the claims true, in order. At least one. */
  readonly proofs: readonly TokenProof[];
  readonly clock?: Clock;
}

export interface TokenVerifier extends TokenAuthenticator {
  /** Runs the very checks that authenticate, all of them, and reports each in order. Never throws for a bad token. */
  explain(token: Secret): Promise<readonly TokenFinding[]>;
}

/** Verifies JWTs: shape, then every check of their kind, and only then the proofs. Every token is its own. */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { checks, profiles, proofs } = options;
  const clock = options.clock ?? systemClock;
  if (proofs.length === 0)
    throw new CountersignError(
      "ERR_CONFIGURATION",
      "token verification: neither an issuer nor a TokenReview is configured",
    );
  const profileOf = (token: SignedToken): TokenProfile | undefined =>
    profiles.find((profile) => profile.covers(token));

  return {
    authenticateToken(secret) {
      const token = decodeSignedToken(secret.reveal());
      const now = clock.now();
      assertChecks(checks, token, now);
      const profile = profileOf(token);
      if (profile === undefined) throw unaccepted(profiles);
      assertChecks(profile.checks, token, now);
      return prove(proofs, token, profile.caller(token), secret);
    },
    async explain(secret) {
      let token: SignedToken;
      try {
        token = decodeSignedToken(secret.reveal());
      } catch (error) {
        return [failed("shape", error)];
      }
      const now = clock.now();
      const profile = profileOf(token);
      const found = (check: TokenCheck): TokenFinding => explainCheck(check, token, now);
      return [
        { check: "shape", passed: true },
        ...checks.map(found),
        explainKind(profiles, profile),
        ...(profile?.checks ?? []).map(found),
        ...(await Promise.all(proofs.map((proof) => explainProof(proof, token, secret)))),
      ];
    },
  };
}

function prove(
  proofs: readonly TokenProof[],
  token: SignedToken,
  claimed: Caller,
  secret: Secret,
): MaybePromise<Caller> {
  let caller: MaybePromise<Caller> = claimed;
  for (const proof of proofs)
    caller = andThen(caller, (soFar) =>
      andThen(proof.prove(token, secret), (named) => (named === undefined ? soFar : agreed(soFar, named))),
    );
  return caller;
}

/** The authority's word on who it is, the claims' on what they limit: both must say the same. */
function agreed(claimed: Caller, named: Caller): Caller {
  const same =
    claimed.user.username === named.user.username &&
    claimed.user.uid === named.user.uid &&
    claimed.attestedAPIGroup === named.attestedAPIGroup &&
    claimed.boundConfiguration?.kind === named.boundConfiguration?.kind &&
    claimed.boundConfiguration?.uid === named.boundConfiguration?.uid;
  if (!same)
    throw new CountersignError(
      "ERR_TOKEN_REVIEW_REFUSED",
      "token review: the API server names another caller, binding or attestation than the token's claims",
    );
  return { ...claimed, method: named.method, user: named.user };
}

function unaccepted(profiles: readonly TokenProfile[]): CountersignError {
  return new CountersignError("ERR_TOKEN_UNACCEPTED", `token kind: expected ${kinds(profiles)}, got another`);
}

function kinds(profiles: readonly TokenProfile[]): string {
  return profiles.map(({ method }) => method).join(" or ") || "none: this route accepts no tokens";
}

function explainKind(profiles: readonly TokenProfile[], profile: TokenProfile | undefined): TokenFinding {
  const expected = kinds(profiles);
  return profile === undefined
    ? { check: "kind", passed: false, expected, actual: "another", code: "ERR_TOKEN_UNACCEPTED" }
    : { check: "kind", passed: true, expected, actual: profile.method };
}

function explainCheck(check: TokenCheck, token: SignedToken, now: number): TokenFinding {
  const passed = check.passes(token, now);
  const finding = { check: check.name, passed, ...check.compared(token, now) };
  return passed ? finding : { ...finding, code: check.code };
}

async function explainProof(proof: TokenProof, token: SignedToken, secret: Secret): Promise<TokenFinding> {
  try {
    await proof.prove(token, secret);
    return { check: proof.name, passed: true };
  } catch (error) {
    return failed(proof.name, error);
  }
}

function failed(check: string, error: unknown): TokenFinding {
  const actual = error instanceof Error ? error.message : "an error";
  return { check, passed: false, actual, code: errorCodeOf(error) };
}
