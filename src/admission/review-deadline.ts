import type { Clock } from "../clock.ts";
import { CountersignError } from "../errors.ts";

/** The instant by which a review must be answered. Holds a timer only while somebody waits or watches. */
export interface ReviewDeadline {
  /** Aborted when the deadline passes. */
  readonly signal: AbortSignal;
  passed(): boolean;
  /** Settles as the work does, or rejects with ERR_POLICY_DEADLINE if that comes first. */
  within<T>(work: PromiseLike<T>): Promise<T>;
  /** Lets go of the timer. The signal is not aborted any more. */
  release(): void;
}

export function createReviewDeadline(deadlineAt: number, clock: Clock): ReviewDeadline {
  return new TimedDeadline(deadlineAt, clock);
}

class TimedDeadline implements ReviewDeadline {
  private readonly deadlineAt: number;
  private readonly clock: Clock;
  private controller: AbortController | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(deadlineAt: number, clock: Clock) {
    this.deadlineAt = deadlineAt;
    this.clock = clock;
  }

  get signal(): AbortSignal {
    this.controller ??= this.start(new AbortController());
    return this.controller.signal;
  }

  passed(): boolean {
    // the timer may fire a millisecond before the clock says so
    return this.controller?.signal.aborted === true || this.clock.now() >= this.deadlineAt;
  }

  within<T>(work: PromiseLike<T>): Promise<T> {
    return untilAborted(work, this.signal);
  }

  release(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
  }

  private start(controller: AbortController): AbortController {
    const passes = (): void =>
      controller.abort(new CountersignError("ERR_POLICY_DEADLINE", "the deadline has passed"));
    this.timer = setTimeout(passes, Math.max(0, this.deadlineAt - this.clock.now()));
    return controller;
  }
}

function untilAborted<T>(work: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    // a rejection that comes after the deadline is handled here too, and interests nobody
    work.then(resolve, reject);
  });
}
