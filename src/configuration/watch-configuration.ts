import { type FileWatcher, watchFiles } from "../certificates/file-watcher.ts";
import { diagnosticsChannel } from "../diagnostics.ts";
import { errorMessageOf } from "../errors.ts";

export interface WatchConfigurationOptions<T> {
  readonly file: string;
  /** Reads the file. */
  readonly load: (file: string) => Promise<T>;
  /** How often to look where the system tells nothing of a change. Default 10 000 (10 s). */
  readonly pollIntervalMs?: number;
  /** How long after a failure it is tried again, the file unchanged. Default 10 000 (10 s). */
  readonly retryMs?: number;
}

/** A configuration file that is followed as it changes. */
export interface WatchedConfiguration<T> {
  /** As it was read first. */
  readonly first: T;
  /** From now on, what changed since `first` included. `use` takes what was read into use, or throws and changes nothing. */
  follow(use: (configuration: T) => Promise<void>): void;
  /** Reads the file now, changed or not; resolves when it is in use or has failed. */
  reload(): Promise<void>;
  close(): void;
}

const reloads = diagnosticsChannel("countersign:reload");

/**
 * Reads a configuration file, and again whenever it changes, also where the kubelet swaps the ConfigMap that it is of. One
 * that fails leaves the last good one in use, says so on `countersign:reload` and is tried again: what it names may come
 * later, as files of another ConfigMap do.
 * @throws what the first reading throws.
 */
export async function watchConfiguration<T>(
  options: WatchConfigurationOptions<T>,
): Promise<WatchedConfiguration<T>> {
  const { file, load, pollIntervalMs } = options;
  const { promise: followed, resolve: follow } = Promise.withResolvers<(configuration: T) => Promise<void>>();
  const attempts = createAttempts(options, followed);
  // before the first reading: a change in between is then seen, not lost
  const watcher: FileWatcher = await watchFiles({
    files: [file],
    onChange: attempts.again,
    ...(pollIntervalMs !== undefined && { pollIntervalMs }),
  });
  const close = (): void => {
    attempts.stop();
    watcher.close();
  };
  try {
    return { first: await load(file), follow, reload: attempts.again, close };
  } catch (error) {
    close();
    throw error;
  }
}

interface Attempts {
  again(): Promise<void>;
  stop(): void;
}

/** Attempts one after the other, and after a failure by themselves. */
function createAttempts<T>(
  { file, load, retryMs = 10_000 }: WatchConfigurationOptions<T>,
  followed: Promise<(configuration: T) => Promise<void>>,
): Attempts {
  let stopped = false;
  let failure: string | undefined;
  let retry: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  const attempt = async (isRetry: boolean): Promise<void> => {
    const use = await followed;
    clearTimeout(retry);
    if (stopped) return;
    try {
      await use(await load(file));
      failure = undefined;
      reloads.publish({ what: "configuration", file, outcome: "reloaded" });
    } catch (error) {
      const detail = errorMessageOf(error);
      // the same again is no news
      if (!isRetry || detail !== failure)
        reloads.publish({ what: "configuration", file, outcome: "failed", detail });
      failure = detail;
      if (!stopped) retry = setTimeout(() => void enqueue(true), retryMs).unref();
    }
  };
  const enqueue = (isRetry: boolean): Promise<void> => {
    running = running.then(() => attempt(isRetry));
    return running;
  };
  return {
    again: () => enqueue(false),
    stop() {
      stopped = true;
      clearTimeout(retry);
    },
  };
}
