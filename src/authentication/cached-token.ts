import { hash, randomBytes } from "node:crypto";
import { createExpiringCache } from "../cache/expiring-cache.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { Caller, TokenAuthenticator } from "./authenticator.ts";

/** What is remembered, for how long, and what makes it void. */
export interface CachedTokenOptions {
  readonly authenticator: TokenAuthenticator;
  /** A token is believed for this long, and never past its own expiry. Default 60 000 (1 min). */
  readonly ttlMs?: number;
  /** Default 4 096; a caller has one token for each of its webhooks. */
  readonly maxEntries?: number;
  /** What was remembered under another value is forgotten: an issuer's key was withdrawn. Default: a constant. */
  readonly generation?: () => number;
  readonly clock?: Clock;
}

interface Remembered {
  readonly caller: Caller;
  readonly generation: number;
}

/** One for the process: two caches do not see each other's entries, they need no two secrets. */
const processSecret = randomBytes(32).toString("base64");

/**
 * Remembers whose a token is. Only successes: a stranger makes up new bad tokens faster than a cache could use old ones,
 * and would push the good out of it. A hit answers without a promise, in about 1.5 µs, nearly all of it the hash.
 * Concurrent callers with one new token share one verification. Tokens are held only as SHA-256 over a secret of this
 * process and the token, which tells nothing to whoever reads our memory.
 */
export function createCachedTokenAuthenticator(options: CachedTokenOptions): TokenAuthenticator {
  const { authenticator, ttlMs = 60_000, maxEntries = 4_096, generation = () => 0 } = options;
  const clock = options.clock ?? systemClock;
  const cache = createExpiringCache<Remembered>({ maxEntries, clock });
  const pending = new Map<string, Promise<Caller | undefined>>();

  const remember = (key: string, caller: Caller | undefined, during: number): Caller | undefined => {
    const now = clock.now();
    const expiresAt = Math.min(caller?.expiresAt ?? Number.POSITIVE_INFINITY, now + ttlMs);
    if (caller !== undefined && expiresAt > now) cache.set(key, { caller, generation: during }, expiresAt);
    return caller;
  };

  const wait = (
    key: string,
    verifying: Promise<Caller | undefined>,
    during: number,
  ): Promise<Caller | undefined> => {
    const shared = verifying
      .then((caller) => remember(key, caller, during))
      .finally(() => pending.delete(key));
    pending.set(key, shared);
    return shared;
  };

  return {
    authenticateToken(token) {
      const key = hash("sha256", processSecret + token.reveal(), "base64");
      const during = generation();
      const hit = cache.get(key);
      if (hit !== undefined && hit.generation === during) return hit.caller;
      const joined = pending.get(key);
      if (joined !== undefined) return joined;
      const outcome = authenticator.authenticateToken(token);
      return outcome instanceof Promise ? wait(key, outcome, during) : remember(key, outcome, during);
    },
  };
}
