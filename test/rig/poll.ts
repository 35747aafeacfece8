import { setInterval } from "node:timers/promises";

export interface PollOptions {
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
}

/** Asks until the answer is something, or fails with what was waited for and what the last attempt threw. */
export async function poll<T>(
  what: string,
  ask: () => T | undefined | Promise<T | undefined>,
  { timeoutMs = 30_000, intervalMs = 50 }: PollOptions = {},
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let cause: unknown;
  for await (const _ of setInterval(intervalMs)) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (Date.now() > deadline) break;
  }
  throw new Error(`waited ${timeoutMs} ms in vain for ${what}`, { cause });
}
