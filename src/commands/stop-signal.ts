import { constants } from "node:os";

const signals = ["SIGTERM", "SIGINT"] as const;

/**
 * Resolves at the first SIGTERM or SIGINT; a second one ends the process at once, by itself: as the first process of a
 * container it is not ended by a signal that nobody listens to.
 */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let stopping = false;
    for (const signal of signals)
      process.on(signal, () => {
        if (stopping) process.exit(128 + constants.signals[signal]);
        stopping = true;
        resolve();
      });
  });
}
