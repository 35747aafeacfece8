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
  /** Undefined and no refusal: not a token of the authenticator's. */
  readonly caller: Caller | undefined;
  readonly refusal?: UnauthenticatedToken;
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
  const { authenticator, generation = () => 0, clock = systemClock } = options;
  const { ttlMs = 60_000, failureTTLMs = 0, maxEntries = 4_096, maxFailures = 1_024 } = options;
  const good = createExpiringCache<Remembered>({ maxEntries, clock });
  const bad = createExpiringCache<Remembered>({ maxEntries: maxFailures, clock });
  const pending = new Map<string, Promise<Caller | undefined>>();

  const recall = (key: string, during: number): Remembered | undefined => {
    const found = good.get(key) ?? (failureTTLMs > 0 ? bad.get(key) : undefined);
    return found?.generation === during ? found : undefined;
  };

  const succeed = (key: string, caller: Caller | undefined, during: number): Caller | undefined => {
    const now = clock.now();
    const expiresAt = Math.min(caller?.expiresAt ?? Number.POSITIVE_INFINITY, now + ttlMs);
    if (caller !== undefined) good.set(key, { caller, generation: during }, expiresAt);
    else bad.set(key, { caller, generation: during }, now + failureTTLMs);
    fetchEnds("ok");
    return caller;
  };

  const fail = (key: string, error: unknown, during: number): never => {
    const plain = error instanceof UnauthenticatedToken;
    if (plain)
      bad.set(key, { caller: undefined, refusal: error, generation: during }, clock.now() + failureTTLMs);
    fetchEnds(plain ? "ok" : "error");
    throw error;
  };

  const fetch = (key: string, token: Secret, during: number): MaybePromise<Caller | undefined> => {
    fetchEvent("started");
    let outcome: MaybePromise<Caller | undefined>;
    try {
      outcome = authenticator.authenticateToken(token);
    } catch (error) {
      return fail(key, error, during);
    }
    if (!(outcome instanceof Promise)) return succeed(key, outcome, during);
    const shared = outcome
      .then(
        (caller) => succeed(key, caller, during),
        (error) => fail(key, error, during),
      )
      .finally(() => pending.delete(key));
    pending.set(key, shared);
    return shared;
  };

  return {
    authenticateToken(token) {
      const beganAt = lookupBegins();
      const key = hash("sha256", processSecret + token.reveal(), "base64");
      const during = generation();
      const known = recall(key, during);
      if (known === undefined) return missed(() => pending.get(key) ?? fetch(key, token, during), beganAt);
      lookupEnds("hit", beganAt);
      if (known.refusal !== undefined) throw known.refusal;
      return known.caller;
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
