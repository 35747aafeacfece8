import { setTimeout as delay } from "node:timers/promises";
import { type Clock, systemClock } from "../clock.ts";
import { CountersignError } from "../errors.ts";
import { apiStatusOf } from "./api-status.ts";

/** kubernetes/apiserver pkg/util/webhook: five attempts, between them 0.5, 0.75, 1.13 and 1.69 s and up to a fifth more. */
const attempts = 5;
const firstPauseMs = 500;
const factor = 1.5;
const jitter = 0.2;
/** Whoever is told to come back later than that has no time for it: a request that waits for a review ends in a minute. */
const longestPauseMs = 30_000;

export interface ReviewRetryOptions {
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
  /** How a pause is waited for. Default: a timer. */
  readonly pause?: ((ms: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
}

/**
 * Asks again what an API server may answer better the next time: a connection that was reset, an internal error, a timeout,
 * too many requests, and whatever says itself when to ask again. A refusal, a redirect, a deadline or bad JSON stands.
 * @throws the last error, and the signal's reason.
 */
export async function withReviewRetries<T>(
  attempt: () => Promise<T>,
  { signal, clock = systemClock, pause = timer }: ReviewRetryOptions,
): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      const toldMs = retryAfterMs(error);
      if (count === attempts || signal?.aborted || toldMs > longestPauseMs || !mayPass(error)) throw error;
      const backOffMs = firstPauseMs * factor ** (count - 1) * (1 + jitter * clock.random());
      await pause(Math.max(backOffMs, toldMs), signal);
    }
  }
}

const passingCodes: readonly (number | undefined)[] = [429, 500, 504];
const passingReasons: readonly (string | undefined)[] = ["InternalError", "Timeout", "TooManyRequests"];
/** undici's word for a connection that the other side has closed. */
const resets: readonly (string | undefined)[] = ["ECONNRESET", "UND_ERR_SOCKET"];

function mayPass(error: unknown): boolean {
  const status = apiStatusOf(error);
  if (status !== undefined)
    return (
      passingCodes.includes(status.code) ||
      passingReasons.includes(status.reason) ||
      status.details?.retryAfterSeconds !== undefined
    );
  const cause = error instanceof CountersignError && error.code === "ERR_TRANSPORT" ? error.cause : undefined;
  return resets.includes((cause as NodeJS.ErrnoException | undefined)?.code);
}

function retryAfterMs(error: unknown): number {
  return (apiStatusOf(error)?.details?.retryAfterSeconds ?? 0) * 1000;
}

async function timer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {
    throw signal?.reason;
  });
}
