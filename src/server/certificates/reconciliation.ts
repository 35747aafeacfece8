import { setTimeout as delay } from "node:timers/promises";
import type { BackOff } from "../../transport/back-off.ts";

export interface ReconciliationOptions {
  /** Brings things into order; says in how many milliseconds it wants to look again. */
  reconcile(): Promise<number>;
  onFailure(error: unknown): void;
  readonly backOff: BackOff;
  /** The longest that it sleeps: clocks jump and machines are suspended. */
  readonly longestMs: number;
  /** The shortest time between two looks, so that two who disagree do not fill an API server with it. */
  readonly spacingMs: number;
}

/** Something that is brought into order again and again, never twice at the same time. */
export interface Reconciliation {
  /** Resolves when it has been tried once, well or not. */
  readonly tried: Promise<void>;
  /** Why it failed the last time; undefined where it did not. */
  readonly failure: unknown;
  /** Something has changed: look now. */
  wake(): void;
  /** Resolves when nothing of it goes on. */
  close(): Promise<void>;
}

export function startReconciliation(options: ReconciliationOptions): Reconciliation {
  const { reconcile, backOff, longestMs, spacingMs } = options;
  const { promise: tried, resolve: markTried } = Promise.withResolvers<void>();
  const closing = new AbortController();
  let failure: unknown;
  let woken = false;
  let endSleep = (): void => undefined;

  async function attempt(): Promise<number> {
    try {
      const waitMs = await reconcile();
      failure = undefined;
      backOff.reset();
      return waitMs;
    } catch (error) {
      failure = error;
      if (!closing.signal.aborted) options.onFailure(error);
      return backOff.nextMs();
    }
  }

  function sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      endSleep = () => {
        clearTimeout(timer);
        resolve();
      };
      if (woken) endSleep();
    });
  }

  async function run(): Promise<void> {
    const { signal } = closing;
    while (!signal.aborted) {
      woken = false;
      const waitMs = await attempt();
      markTried();
      await delay(spacingMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await sleep(Math.min(waitMs, longestMs) - spacingMs);
    }
  }

  const running = run();
  return {
    tried,
    get failure() {
      return failure;
    },
    wake() {
      woken = true;
      endSleep();
    },
    async close() {
      closing.abort();
      endSleep();
      await running;
    },
  };
}
