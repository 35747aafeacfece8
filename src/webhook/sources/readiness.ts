/** A moment that comes once, and that may be waited for. */
export interface Readiness {
  readonly reached: boolean;
  reach(): void;
  /** It will not come any more. */
  fail(reason: unknown): void;
  /** Resolves when it has come; rejects with the signal's reason, or with why it does not come. */
  wait(signal?: AbortSignal): Promise<void>;
}

export function createReadiness(): Readiness {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // nobody has to wait
  promise.catch(() => undefined);
  let reached = false;
  return {
    get reached() {
      return reached;
    },
    reach() {
      reached = true;
      resolve();
    },
    fail: reject,
    wait(signal) {
      if (signal === undefined || reached) return promise;
      if (signal.aborted) return Promise.reject(signal.reason);
      return new Promise((done, giveUp) => {
        const abort = (): void => giveUp(signal.reason);
        signal.addEventListener("abort", abort, { once: true });
        promise.then(done, giveUp).finally(() => signal.removeEventListener("abort", abort));
      });
    },
  };
}
