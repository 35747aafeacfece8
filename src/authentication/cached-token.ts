import { hash, randomBytes } from "node:crypto";
import { createExpiringCache } from "../cache/expiring-cache.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import type { Secret } from "../secret.ts";
import { type Caller, type TokenAuthenticator, UnauthenticatedToken } from "./authenticator.ts";
import { fetchEnds, fetchEvent, lookupBegins, lookupEnds } from "./token-cache-telemetry.ts";

/** What is remembered, for how long, and what makes it void. */
export interface CachedTokenOptions {
  readonly authenticator: TokenAuthenticator;
  /** A token is believed for this long, and never past its own expiry. Default 60 000 (1 min); 0 is not at all. */
  readonly ttlMs?: number;
  /**
   * A token that is nobody's is refused for this long without asking: `undefined` and {@link UnauthenticatedToken}. Default
   * 0: not at all.
   */
  readonly failureTTLMs?: number;
  /** Default 4 096; a caller has one token for each of its webhooks. */
  readonly maxEntries?: number;
  /** Of tokens that are nobody's, in a cache of their own. Default 1 024. */
  readonly maxFailures?: number;
  /** What was remembered under another value is forgotten: an issuer's key was withdrawn. Default: a constant. */
  readonly generation?: () => number;
  readonly clock?: Clock;
}

interface Remembered {
  /** Undefined: not a token of the authenticator's. */
  readonly outcome: Caller | UnauthenticatedToken | undefined;
  readonly generation: number;
}

/** One for the process: two caches do not see each other's entries, they need no two secrets. */
const processSecret = randomBytes(32).toString("base64");

/**
 * Remembers whose a token is, and for a time of its own that a token is nobody's; an error never. The two are apart: a
 * stranger makes up new bad tokens faster than a cache could use old ones, and would push the good out of it. A hit answers
 * without a promise, in about 1.5 µs, nearly all of it the hash. Concurrent callers with one new token share one
 * verification, which goes on whoever gives up; `authenticator` bounds its time. Tokens are held only as SHA-256 over a
 * secret of this process and the token, which tells nothing to whoever reads our memory. One cache serves one authenticator
 * and so one list of audiences: give each list a cache of its own.
 */
export function createCachedTokenAuthenticator(options: CachedTokenOptions): TokenAuthenticator {
  const { authenticator, generation = () => 0 } = options;
  const memory = createTokenMemory(options);
  const pending = new Map<string, Promise<Caller | undefined>>();

  const fetch = (key: string, token: Secret, during: number): MaybePromise<Caller | undefined> => {
    fetchEvent("started");
    const succeed = (caller: Caller | undefined): Caller | undefined => {
      memory.keep(key, caller, during);
      fetchEnds("ok");
      return caller;
    };
    const fail = (error: unknown): never => {
      const isPlain = error instanceof UnauthenticatedToken;
      if (isPlain) memory.keep(key, error, during);
      fetchEnds(isPlain ? "ok" : "error");
      throw error;
    };
    let outcome: MaybePromise<Caller | undefined>;
    try {
      outcome = authenticator.authenticateToken(token);
    } catch (error) {
      return fail(error);
    }
    if (!(outcome instanceof Promise)) return succeed(outcome);
    const shared = outcome.then(succeed, fail).finally(() => pending.delete(key));
    pending.set(key, shared);
    return shared;
  };

  return {
    authenticateToken(token) {
      const beganAt = lookupBegins();
      const key = hash("sha256", processSecret + token.reveal(), "base64");
      const during = generation();
      const known = memory.recall(key, during);
      if (known === undefined) return missed(() => pending.get(key) ?? fetch(key, token, during), beganAt);
      lookupEnds("hit", beganAt);
      if (known.outcome instanceof UnauthenticatedToken) throw known.outcome;
      return known.outcome;
    },
  };
}

/** What is known of tokens by their keys, the good apart from those that are nobody's. */
interface TokenMemory {
  /** Undefined where nothing is, or not any more. */
  recall(key: string, during: number): Remembered | undefined;
  keep(key: string, outcome: Remembered["outcome"], during: number): void;
}

function createTokenMemory(options: CachedTokenOptions): TokenMemory {
  const { ttlMs = 60_000, failureTTLMs = 0, maxEntries = 4_096, maxFailures = 1_024 } = options;
  const { clock = systemClock } = options;
  const good = createExpiringCache<Remembered>({ maxEntries, clock });
  const bad = createExpiringCache<Remembered>({ maxEntries: maxFailures, clock });
  return {
    recall(key, during) {
      const found = good.get(key) ?? (failureTTLMs > 0 ? bad.get(key) : undefined);
      return found?.generation === during ? found : undefined;
    },
    keep(key, outcome, during) {
      const now = clock.now();
      const remembered = { outcome, generation: during };
      if (outcome === undefined || outcome instanceof UnauthenticatedToken)
        bad.set(key, remembered, now + failureTTLMs);
      else good.set(key, remembered, Math.min(outcome.expiresAt ?? Number.POSITIVE_INFINITY, now + ttlMs));
    },
  };
}

/** What had to be found out, and how long that was waited for. */
function missed(
  find: () => MaybePromise<Caller | undefined>,
  beganAt: number,
): MaybePromise<Caller | undefined> {
  fetchEvent("blocked");
  const ends = (): void => {
    fetchEvent("unblocked");
    lookupEnds("miss", beganAt);
  };
  let found: MaybePromise<Caller | undefined>;
  try {
    found = find();
  } catch (error) {
    ends();
    throw error;
  }
  if (found instanceof Promise) return found.finally(ends);
  ends();
  return found;
}
