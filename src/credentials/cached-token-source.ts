import { createSingleFlight } from "../cache/single-flight.ts";
import { type Clock, systemClock } from "../clock.ts";
import { CountersignError } from "../errors.ts";
import type { Token, TokenSource } from "./token-source.ts";

const longestUseMs = 24 * 60 * 60 * 1000;
const longestJitterMs = 10_000;
const firstPauseMs = 1_000;
const longestPauseMs = 30_000;

/** What to keep a token of, and whom to tell of a renewal that failed. */
export interface CachedTokenSourceOptions {
  readonly source: TokenSource;
  /** Told once of every request that failed. */
  readonly onRefreshError?: (error: unknown) => void;
  readonly clock?: Clock;
}

/** A token source whose token can be taken back. */
export interface ResettableTokenSource extends TokenSource {
  /** Drops the held token if it was requested before `instant` (epoch ms): when a request sent then was answered 401. */
  resetOlderThan(instant: number): void;
}

/** A kept token, and what is known of it without asking. */
export interface CachedTokenSource extends ResettableTokenSource {
  /** The token if one is held, without waiting. A refresh that is due is started and left to itself. */
  held(): Token | undefined;
}

interface Held {
  readonly token: Token;
  refreshAt: number;
  failures: number;
}

/**
 * Keeps one token of another source and replaces it before it expires.
 *
 * From 80 % of its lifetime on (24 hours at most, less a jitter) the next call starts a refresh and is still given the
 * held token; only a caller for whom none is left waits. A refresh that fails before expiry is tried again after a
 * pause that doubles from 1 s to 30 s. Concurrent calls share one request, and a call that is aborted leaves it running.
 * Nothing runs in the background between calls.
 *
 * @throws the source's error when no valid token is held, and ERR_TOKEN_EXPIRED_ON_ARRIVAL when the clocks differ.
 * @example
 * const tokens = createCachedTokenSource({ source: createTokenRequestSource({ client, serviceAccount, intent }) });
 * const sentAt = Date.now();
 * const { token } = await tokens.token();
 * const answer = await send({ authorization: `Bearer ${token.reveal()}` });
 * if (answer.status === 401) tokens.resetOlderThan(sentAt);
 */
export function createCachedTokenSource(options: CachedTokenSourceOptions): CachedTokenSource {
  const { source, onRefreshError, clock = systemClock } = options;
  const flights = createSingleFlight<Token>();
  let current: Held | undefined;

  async function refresh(): Promise<Token> {
    try {
      const token = assertAlive(await source.token(), clock);
      current = { token, refreshAt: refreshInstant(token, clock), failures: 0 };
      return token;
    } catch (error) {
      onRefreshError?.(error);
      // the fallback stands inside the shared work, so that a failure is met once and not once per caller
      if (current === undefined || current.token.expiresAt <= clock.now()) throw error;
      const pauseMs = Math.min(firstPauseMs * 2 ** current.failures++, longestPauseMs);
      current.refreshAt = clock.now() + pauseMs;
      return current.token;
    }
  }

  const join = (signal?: AbortSignal): Promise<Token> => flights.do("", refresh, signal);

  /** What may be handed out at once. A clock that has moved back tells nothing of the token's age. */
  function usable(): Token | undefined {
    if (current === undefined) return undefined;
    const now = clock.now();
    const { token, refreshAt } = current;
    if (now >= token.expiresAt || now < token.requestedAt) return undefined;
    if (now >= refreshAt) join().catch(() => undefined);
    return token;
  }

  return {
    token({ signal } = {}) {
      const token = usable();
      return token === undefined ? join(signal) : Promise.resolve(token);
    },
    held() {
      const token = usable();
      if (token === undefined) join().catch(() => undefined);
      return token;
    },
    resetOlderThan(instant) {
      if (current !== undefined && current.token.requestedAt < instant) current = undefined;
    },
  };
}

function assertAlive(token: Token, clock: Clock): Token {
  const lateMs = clock.now() - token.expiresAt;
  if (lateMs < 0) return token;
  throw new CountersignError(
    "ERR_TOKEN_EXPIRED_ON_ARRIVAL",
    `the token that came had expired ${Math.round(lateMs / 1000)} s before on our clock: set this machine's clock and the issuer's to the same time`,
  );
}

/** 80 %, 24 hours and ten seconds are the kubelet token manager's (pkg/kubelet/token/token_manager.go). */
function refreshInstant(token: Token, clock: Clock): number {
  const lifetimeMs = token.expiresAt - token.requestedAt;
  const jitterMs = clock.random() * Math.min(longestJitterMs, lifetimeMs / 5);
  return token.requestedAt + Math.min(lifetimeMs * 0.8, longestUseMs) - jitterMs;
}
