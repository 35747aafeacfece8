/** Something that must have happened by a certain time. */
export interface Deadline {
  /** In `performance.now()`'s time. */
  readonly until: number;
  /** Called up to {@link resolutionMs} after that time, if the deadline is still in its set. */
  expire(): void;
}

/** Deadlines that nearly all are met: adding and deleting one costs a tenth of what a timer does. */
export interface DeadlineSet {
  add(deadline: Deadline): void;
  delete(deadline: Deadline): void;
}

/** Deadlines are seconds; a fortieth of one is exact enough. */
const resolutionMs = 25;

/** Looks at all its deadlines from time to time, for as long as it has any. */
export function createDeadlineSet(): DeadlineSet {
  const deadlines = new Set<Deadline>();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    if (deadlines.size === 0) {
      clearInterval(timer);
      timer = undefined;
      return;
    }
    const now = performance.now();
    for (const deadline of deadlines) {
      if (deadline.until > now) continue;
      deadlines.delete(deadline);
      deadline.expire();
    }
  };
  return {
    add(deadline) {
      deadlines.add(deadline);
      timer ??= setInterval(look, resolutionMs);
    },
    delete: (deadline) => void deadlines.delete(deadline),
  };
}
