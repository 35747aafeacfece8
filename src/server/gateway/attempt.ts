import { errorMessageOf } from "../../errors.ts";

export interface AttemptOptions<T> {
  /** What has to succeed, for messages: `the API server has not answered yet`. */
  readonly pending: string;
  /** `signal` is aborted when nobody wants it any more. */
  attempt(signal: AbortSignal): Promise<T>;
  /** Called once it has succeeded. What it throws makes the attempt one that failed. */
  begun?(): void;
  /** Ends what an attempt gave. */
  end?(value: T): unknown;
  /** Default 5 000 (5 s). */
  readonly retryMs?: number;
}

/** Something that has to succeed once, begun at once and tried again until it does. */
export interface Attempt<T> {
  /** Undefined until it has succeeded. */
  readonly value: T | undefined;
  /** Resolves when the attempt of now, the first at first, has succeeded or failed. Never rejects. */
  settled(): Promise<void>;
  /** For readiness: @throws an Error that says why it has not succeeded yet, and tries again at once. */
  check(): void;
  /** Does not wait for an attempt that is going on: what it gives is ended when it comes. */
  close(): Promise<void>;
}

export function createAttempt<T>(options: AttemptOptions<T>): Attempt<T> {
  const { pending, retryMs = 5_000 } = options;
  const closing = new AbortController();
  let value: T | undefined;
  let failure: string | undefined;
  let retry: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    const given = value;
    value = undefined;
    if (given !== undefined) await options.end?.(given);
  };
  const run = async (): Promise<void> => {
    clearTimeout(retry);
    try {
      value = await options.attempt(closing.signal);
      if (closing.signal.aborted) return await end();
      options.begun?.();
      failure = undefined;
    } catch (error) {
      await end();
      failure = errorMessageOf(error);
      if (!closing.signal.aborted) retry = setTimeout(tryAgain, retryMs).unref();
    }
  };
  const tryAgain = (): void => {
    running ??= run().finally(() => {
      running = undefined;
    });
  };
  tryAgain();
  return {
    get value() {
      return value;
    },
    settled: async () => running,
    check() {
      if (value !== undefined) return;
      if (!closing.signal.aborted) tryAgain();
      throw new Error(failure === undefined ? pending : `${pending}: ${failure}`);
    },
    async close() {
      closing.abort();
      clearTimeout(retry);
      await end();
    },
  };
}
