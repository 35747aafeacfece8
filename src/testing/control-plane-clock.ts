import { type Clock, systemClock } from "../clock.ts";

/** The control plane's time: the machine's, and as far ahead or behind as a test wants it. */
export interface ControlPlaneClock extends Clock {
  /** Moves time on; negative moves it back. Tokens issued before expire by it. */
  advance(durationMs: number): void;
}

export function createControlPlaneClock(base: Clock = systemClock): ControlPlaneClock {
  let offsetMs = 0;
  return {
    now: () => base.now() + offsetMs,
    random: () => base.random(),
    advance(durationMs) {
      offsetMs += durationMs;
    },
  };
}
