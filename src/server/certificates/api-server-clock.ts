import type { Clock } from "../../clock.ts";

/** The time of those who verify us, as far as it is known. */
export interface APIServerClock extends Clock {
  /** Takes over what an answer's date said, epoch milliseconds. */
  hear(date: number | undefined): void;
}

/**
 * An API server verifies our certificate by its clock, so that is the one to make certificates by: ours may jump, and those
 * of two replicas may differ. Between answers it goes on by a clock that does not jump; before the first it is `own`.
 */
export function createAPIServerClock(own: Clock, elapsedMs = () => performance.now()): APIServerClock {
  let heard: { readonly date: number; readonly at: number } | undefined;
  return {
    now: () => (heard === undefined ? own.now() : heard.date + elapsedMs() - heard.at),
    random: () => own.random(),
    hear(date) {
      if (date !== undefined) heard = { date, at: elapsedMs() };
    },
  };
}
