import type { KeyObject } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { createSingleFlight } from "../cache/single-flight.ts";
import { type Clock, systemClock } from "../clock.ts";
import { diagnosticsChannel } from "../diagnostics.ts";
import { CountersignError, errorMessageOf } from "../errors.ts";
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

type Settings = Required<Omit<IssuerOptions, "issuer">> & Pick<IssuerOptions, "issuer">;

interface State {
  held: HeldKeys | undefined;
  /** Whether a fetch is under way. */
  flying: boolean;
  attemptedAt: number;
  /** Why the last fetch failed; undefined where it did not. */
  failure: unknown;
  generation: number;
}

/**
 * Keeps one issuer's keys. An unknown `kid` causes at most one fetch in 10 s, whatever the source's `max-age` says: a
 * rotated key is found at once, and a stranger who invents key ids does not make us hammer the issuer. When a fetch
 * fails or its answer is bad, the keys held go on being used until they are an hour old. Concurrent callers share one
 * fetch. No timer runs: whoever asks for a key notices that it is time to refresh.
 */
export function createIssuer(options: IssuerOptions): TokenIssuer {
  const settings: Settings = { ...defaults, clock: systemClock, ...options };
  const { name, refreshMs, staleMs, cooldownMs, clock } = settings;
  const state: State = {
    held: undefined,
    flying: false,
    attemptedAt: Number.NEGATIVE_INFINITY,
    failure: undefined,
    generation: 0,
  };
  const fetchKeys = createFetch(settings, state);
  const isUsable = ({ fetchedAt }: HeldKeys): boolean => clock.now() - fetchedAt < staleMs;
  const usable = (): HeldKeys | undefined =>
    state.held !== undefined && isUsable(state.held) ? state.held : undefined;
  const mayFetch = (): boolean => state.flying || elapsed(clock, state.attemptedAt, cooldownMs);
  const issuer = (): string | undefined => state.held?.issuer ?? options.issuer;
  const fetched = async (): Promise<HeldKeys> => {
    await fetchKeys();
    return state.held!;
  };

  return {
    name,
    issuer,
    discover() {
      const known = issuer();
      if (known !== undefined) return known;
      if (!mayFetch()) throw unavailable(name, state.failure);
      return fetched().then((held) => held.issuer);
    },
    key(kid, algorithm) {
      const held = usable();
      if (held?.keys.has(kid)) {
        if (elapsed(clock, held.fetchedAt, refreshMs) && mayFetch()) fetchKeys().catch(() => undefined);
        return pick(held, kid, algorithm);
      }
      if (mayFetch()) return fetched().then((fresh) => pick(fresh, kid, algorithm));
      // with the last fetch failed nobody can say that the issuer has no such key
      if (held === undefined || state.failure !== undefined) throw unavailable(name, state.failure);
      return undefined;
    },
    start: ({ signal } = {}) => fetchUntil(() => usable() !== undefined, fetchKeys, settings, signal),
    refresh: fetchKeys,
    ready: () => usable() !== undefined,
    generation: () => state.generation,
  };
}

/** The one place that fills the state. */
function createFetch(
  { name, source, issuer, timeoutMs, clock }: Settings,
  state: State,
): () => Promise<void> {
  const flights = createSingleFlight<void>();
  return () =>
    flights.do("keys", async () => {
      state.flying = true;
      state.attemptedAt = clock.now();
      try {
        const next = decodeFetched(await fetchWithin(source, timeoutMs), issuer, state.attemptedAt);
        if (state.held !== undefined && withdraws(next, state.held)) state.generation++;
        state.held = next;
        state.failure = undefined;
        publish(name, { keys: next.keys.size });
      } catch (error) {
        state.failure = error;
        publish(name, { detail: errorMessageOf(error) });
        throw unavailable(name, error);
      } finally {
        state.flying = false;
      }
    });
}

function withdraws(next: HeldKeys, held: HeldKeys): boolean {
  return next.issuer !== held.issuer || !next.keys.includes(held.keys);
}

async function fetchUntil(
  done: () => boolean,
  fetchKeys: () => Promise<void>,
  { retryMs, clock }: Settings,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let wait = retryMs; !done(); wait = Math.min(2 * wait, maxRetryMs)) {
    signal?.throwIfAborted();
    try {
      await fetchKeys();
    } catch {
      // half to all of the wait, so that replicas do not ask in step
      await delay(wait * (0.5 + clock.random() / 2), undefined, { ref: false, ...(signal && { signal }) });
    }
  }
}

/** A clock that went back must not stop fetching until it has caught up. */
function elapsed(clock: Clock, since: number, ms: number): boolean {
  return clock.now() - since >= ms || clock.now() < since;
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
    `issuer ${JSON.stringify(name)}: its keys cannot be had: ${cause === undefined ? "not fetched yet" : errorMessageOf(cause)}`,
    { cause },
  );
}
