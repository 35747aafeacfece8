import type { KeyObject } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createSingleFlight } from "../cache/single-flight.ts";
import { type Clock, systemClock } from "../clock.ts";
import { diagnosticsChannel } from "../diagnostics.ts";
import { CountersignError } from "../errors.ts";
import type { SigningAlgorithm } from "./algorithms.ts";
import { decodeKeySet, type KeySet } from "./key-set.ts";
import type { FetchedKeys, KeySource, TokenIssuer } from "./token-issuer.ts";

/** One issuer, and how eagerly its keys are asked for. */
export interface IssuerOptions {
  /** As the configuration calls it: for logs and errors. */
  readonly name: string;
  readonly source: KeySource;
  /** The expected `iss`. Default: what the source says. Where both are known and differ, nothing of it is taken. */
  readonly issuer?: string;
  /** Keys older than this are fetched again, behind the answer that noticed. Default 300 000 (5 min). */
  readonly refreshMs?: number;
  /** Keys older than this are not used any more, should the issuer be away. Default 3 600 000 (1 h). */
  readonly staleMs?: number;
  /** At most one fetch for unknown key ids in this time, however many ids come. Default 10 000 (10 s). */
  readonly cooldownMs?: number;
  /** A fetch that takes longer has failed. Default 5 000 (5 s). */
  readonly timeoutMs?: number;
  /** `start` waits this long after its first failure, twice as long after each further one, at most 30 s. Default 1 000. */
  readonly retryMs?: number;
  readonly clock?: Clock;
}

interface HeldKeys {
  readonly issuer: string;
  readonly keys: KeySet;
  readonly fetchedAt: number;
}

const defaults = {
  refreshMs: 300_000,
  staleMs: 3_600_000,
  cooldownMs: 10_000,
  timeoutMs: 5_000,
  retryMs: 1_000,
};
const maxRetryMs = 30_000;

/**
 * Keeps one issuer's keys. An unknown `kid` causes at most one fetch in 10 s, whatever the source's `max-age` says: a
 * rotated key is found at once, and a stranger who invents key ids does not make us hammer the issuer. When a fetch
 * fails or its answer is bad, the keys held go on being used until they are an hour old. Concurrent callers share one
 * fetch. No timer runs: whoever asks for a key notices that it is time to refresh.
 */
export function createIssuer(options: IssuerOptions): TokenIssuer {
  const { refreshMs, staleMs, cooldownMs, timeoutMs, retryMs } = { ...defaults, ...options };
  const clock = options.clock ?? systemClock;
  const flights = createSingleFlight<void>();
  let held: HeldKeys | undefined;
  let flying = false;
  let attemptedAt = Number.NEGATIVE_INFINITY;
  let failure: unknown;
  let generation = 0;

  const fetchKeys = (): Promise<void> =>
    flights.do("keys", async () => {
      flying = true;
      attemptedAt = clock.now();
      try {
        const next = decodeFetched(await fetchWithin(options.source, timeoutMs), options.issuer, attemptedAt);
        if (held !== undefined && (held.issuer !== next.issuer || !next.keys.includes(held.keys)))
          generation++;
        held = next;
        failure = undefined;
        publish(options.name, { keys: next.keys.size });
      } catch (error) {
        failure = error;
        publish(options.name, { detail: messageOf(error) });
        throw unavailable(options.name, error);
      } finally {
        flying = false;
      }
    });

  /** A clock that went back must not stop fetching until it has caught up. */
  const elapsed = (since: number, ms: number): boolean => clock.now() - since >= ms || clock.now() < since;
  const usable = (): HeldKeys | undefined =>
    held !== undefined && clock.now() - held.fetchedAt < staleMs ? held : undefined;
  const mayFetch = (): boolean => flying || elapsed(attemptedAt, cooldownMs);
  const hold = (): HeldKeys => {
    const now = usable();
    if (now === undefined) throw unavailable(options.name, failure);
    return now;
  };

  const keyAfterFetch = async (kid: string, algorithm: SigningAlgorithm): Promise<KeyObject | undefined> => {
    await fetchKeys();
    return pick(hold(), kid, algorithm);
  };

  return {
    name: options.name,
    issuer: () => held?.issuer ?? options.issuer,
    discover() {
      const issuer = held?.issuer ?? options.issuer;
      if (issuer !== undefined) return issuer;
      if (!mayFetch()) throw unavailable(options.name, failure);
      return fetchKeys().then(() => hold().issuer);
    },
    key(kid, algorithm) {
      const now = usable();
      if (now?.keys.has(kid)) {
        if (elapsed(now.fetchedAt, refreshMs) && mayFetch()) fetchKeys().catch(() => undefined);
        return pick(now, kid, algorithm);
      }
      if (mayFetch()) return keyAfterFetch(kid, algorithm);
      // with the last fetch failed nobody can say that the issuer has no such key
      if (now === undefined || failure !== undefined) throw unavailable(options.name, failure);
      return undefined;
    },
    async start({ signal } = {}) {
      for (let wait = retryMs; usable() === undefined; wait = Math.min(2 * wait, maxRetryMs)) {
        signal?.throwIfAborted();
        const fetched = await fetchKeys().then(
          () => true,
          () => false,
        );
        // half to all of the wait, so that replicas do not ask in step
        if (!fetched)
          await delay(wait * (0.5 + clock.random() / 2), undefined, {
            ref: false,
            ...(signal && { signal }),
          });
      }
    },
    refresh: fetchKeys,
    ready: () => usable() !== undefined,
    generation: () => generation,
  };
}

function pick({ keys }: HeldKeys, kid: string, algorithm: SigningAlgorithm): KeyObject | undefined {
  const key = keys.find(kid, algorithm);
  if (key === undefined && keys.has(kid))
    throw new CountersignError(
      "ERR_TOKEN_ALGORITHM",
      `token algorithm: the issuer's key is not one for ${algorithm}`,
    );
  return key;
}

/** The source is told to give up, and given up on where it does not. */
async function fetchWithin(source: KeySource, timeoutMs: number): Promise<FetchedKeys> {
  const signal = AbortSignal.timeout(timeoutMs);
  const timeout = Promise.withResolvers<never>();
  const giveUp = (): void => timeout.reject(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    return await Promise.race([source.fetchKeys({ signal }), timeout.promise]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

function decodeFetched(fetched: FetchedKeys, configured: string | undefined, fetchedAt: number): HeldKeys {
  const { issuer, jwks } = fetched;
  if (typeof issuer !== "string" || issuer === "")
    throw new CountersignError(
      "ERR_ISSUER_UNAVAILABLE",
      "discovery document issuer: expected a non-empty string",
    );
  if (configured !== undefined && issuer !== configured)
    throw new CountersignError(
      "ERR_ISSUER_UNAVAILABLE",
      `discovery document issuer: expected ${JSON.stringify(configured)}, got ${JSON.stringify(issuer)}`,
    );
  return { issuer, keys: decodeKeySet(jwks), fetchedAt };
}

function publish(issuer: string, outcome: { readonly keys: number } | { readonly detail: string }): void {
  const channel = diagnosticsChannel("countersign:keys");
  if (channel.hasSubscribers)
    channel.publish({ issuer, outcome: "keys" in outcome ? "fetched" : "failed", ...outcome });
}

function unavailable(name: string, cause: unknown): CountersignError {
  return new CountersignError(
    "ERR_ISSUER_UNAVAILABLE",
    `issuer ${JSON.stringify(name)}: its keys cannot be had: ${cause === undefined ? "not fetched yet" : messageOf(cause)}`,
    { cause },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
