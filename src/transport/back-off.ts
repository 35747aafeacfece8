import { type Clock, systemClock } from "../clock.ts";

const firstMs = 800;
const longestMs = 30_000;

/** How long to wait before the next attempt. */
export interface BackOff {
  /** Twice as long as the last time. */
  nextMs(): number;
  /** After a success: the next wait is a short one again. */
  reset(): void;
}

/** client-go's for reflectors: 800 ms, doubled each time, up to twice that by jitter, 30 s at most. */
export function createBackOff(clock: Clock = systemClock): BackOff {
  let attempts = 0;
  return {
    nextMs() {
      // half of the longest: the jitter must not end where waiting callers would all wake at once
      const ms = Math.min(firstMs * 2 ** attempts++, longestMs / 2);
      return ms * (1 + clock.random());
    },
    reset() {
      attempts = 0;
    },
  };
}
