import { EventEmitter } from "node:events";

/** One line of a log file as container runtimes write it; `text` ends in a line feed unless the rest is still to come. */
export interface LogEntry {
  /** Epoch milliseconds. */
  readonly writtenAt: number;
  readonly text: string;
}

/** What one attempt to run a container has written. */
export interface ContainerLog {
  readonly entries: readonly LogEntry[];
  /** Nothing more comes: the attempt has ended. */
  readonly ended: boolean;
  /** One entry for each line of the text. */
  append(text: string, writtenAt: number): void;
  end(): void;
  /** Resolves when there is more than `count` entries, when the log has ended, and when the signal is aborted. */
  more(count: number, signal: AbortSignal): Promise<void>;
}

/** An empty log. */
export function createContainerLog(): ContainerLog {
  const entries: LogEntry[] = [];
  // one listener for each follower, of which a test may open hundreds
  const changes = new EventEmitter().setMaxListeners(0);
  let ended = false;
  return {
    entries,
    get ended() {
      return ended;
    },
    append(text, writtenAt) {
      for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) entries.push({ writtenAt, text: line });
      changes.emit("change");
    },
    end() {
      ended = true;
      changes.emit("change");
    },
    more: (count, signal) =>
      new Promise((resolve) => {
        if (entries.length > count || ended || signal.aborted) return resolve();
        const wake = (): void => {
          changes.off("change", wake);
          signal.removeEventListener("abort", wake);
          resolve();
        };
        changes.on("change", wake);
        signal.addEventListener("abort", wake);
      }),
  };
}
