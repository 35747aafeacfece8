import { diagnosticsChannel, type ReloadMessage } from "../diagnostics.ts";
import { errorMessageOf } from "../errors.ts";
import { type FileWatcher, type FileWatcherOptions, watchFiles } from "./file-watcher.ts";

export interface LastGoodOptions<T> {
  readonly what: ReloadMessage["what"];
  readonly files: readonly [string, ...string[]] | WatchedFolder;
  load(): Promise<T>;
  /** Called when a new value is in use. */
  onReload?(): void;
  readonly pollIntervalMs?: number;
}

/** A folder whose files come and go. */
export interface WatchedFolder {
  readonly directory: string;
  /** Those of its files that count. */
  list(): Promise<readonly string[]>;
}

/** What files say, kept fresh. */
export interface LastGood<T> {
  readonly current: T;
  /** Looks at the files now; resolves when what changed has been read. */
  check(): Promise<void>;
  close(): void;
}

const reloads = diagnosticsChannel("countersign:reload");

/**
 * Loads a value from files, and again whenever they change. A reload that fails keeps the last good value and says so on
 * `countersign:reload`; the first load throws.
 */
export async function createLastGood<T>(options: LastGoodOptions<T>): Promise<LastGood<T>> {
  const { what, files, pollIntervalMs } = options;
  const file = "directory" in files ? files.directory : files.join(", ");
  let failing = false;
  const publish = (outcome: ReloadMessage["outcome"], detail?: string): void => {
    failing = outcome === "failed";
    reloads.publish({ what, file, outcome, ...(detail === undefined ? {} : { detail }) });
  };
  let value: T;
  const { promise: loaded, resolve: markLoaded } = Promise.withResolvers<void>();
  const reload = async (): Promise<void> => {
    // an older first load must not overwrite what came after it
    await loaded;
    try {
      value = await options.load();
      options.onReload?.();
      publish("reloaded");
    } catch (error) {
      publish("failed", errorMessageOf(error));
    }
  };
  // before the first load: a change in between is then seen, not lost
  const watcher: FileWatcher = await watchFiles({
    ...watched(files),
    onChange: reload,
    ...(pollIntervalMs === undefined ? {} : { pollIntervalMs }),
  });
  try {
    value = await options.load();
    markLoaded();
  } catch (error) {
    watcher.close();
    throw error;
  }
  return {
    get current() {
      return value;
    },
    check: watcher.check,
    close() {
      watcher.close();
      if (failing) publish("dropped");
    },
  };
}

function watched(
  files: LastGoodOptions<unknown>["files"],
): Pick<FileWatcherOptions, "files" | "directories"> {
  return "directory" in files ? { files: () => files.list(), directories: [files.directory] } : { files };
}
