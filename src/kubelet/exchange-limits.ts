import type { Readable } from "node:stream";

/** What ends an exchange from our side. */
export interface ExchangeLimit {
  /** Aborted by the caller's signal, by the time, or because everything is closed. */
  readonly signal: AbortSignal;
  /** Its time no longer matters; the rest does until the stream has closed. */
  answered(stream: Readable): void;
  /** Nothing matters any more. */
  lift(): void;
}

export interface ExchangeLimits {
  /** @param late - what the caller is told where `timeoutMs` pass without an answer. */
  begin(signal: AbortSignal | undefined, late: () => Error): ExchangeLimit;
  /** Ends all that are open. */
  close(reason: Error): void;
}

export function createExchangeLimits(timeoutMs: number): ExchangeLimits {
  const open = new Set<AbortController>();
  return {
    begin(signal, late) {
      const controller = new AbortController();
      const abort = (): void => controller.abort(signal?.reason);
      const timer = setTimeout(() => controller.abort(late()), timeoutMs);
      const lift = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        open.delete(controller);
      };
      open.add(controller);
      signal?.addEventListener("abort", abort, { once: true });
      if (signal?.aborted) abort();
      return {
        signal: controller.signal,
        answered(stream) {
          clearTimeout(timer);
          if (stream.closed) lift();
          else stream.once("close", lift);
        },
        lift,
      };
    },
    close(reason) {
      for (const controller of open) controller.abort(reason);
    },
  };
}
