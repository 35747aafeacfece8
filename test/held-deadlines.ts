/** Deadlines that pass when a test says so, and not before. */
export interface HeldDeadlines {
  /** Passes those that are due. */
  advance(byMs: number): void;
  release(): void;
}

/** Holds every `AbortSignal.timeout` from now on: no clock that is handed over moves it. */
export function holdDeadlines(): HeldDeadlines {
  const original = AbortSignal.timeout;
  const held: { readonly at: number; readonly controller: AbortController }[] = [];
  let now = 0;
  AbortSignal.timeout = (ms) => {
    const controller = new AbortController();
    held.push({ at: now + ms, controller });
    return controller.signal;
  };
  return {
    advance(byMs) {
      now += byMs;
      for (const { at, controller } of held)
        if (at <= now) controller.abort(new DOMException("held until now", "TimeoutError"));
    },
    release() {
      AbortSignal.timeout = original;
    },
  };
}
