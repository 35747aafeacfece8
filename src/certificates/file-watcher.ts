import { createHash } from "node:crypto";
import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";

export interface FileWatcherOptions {
  /** A function is asked at every look, where files come and go. */
  readonly files: readonly string[] | (() => Promise<readonly string[]>);
  /** Folders to be watched beside those of a list of files. */
  readonly directories?: readonly string[];
  /** Called after the bytes of at least one file have changed, never twice at the same time. Must not throw. */
  onChange(): Promise<void> | void;
  /** How often to look where the system tells nothing (network file systems, replaced directories). Default 10 s. */
  readonly pollIntervalMs?: number;
}

export interface FileWatcher {
  /** Looks now. */
  check(): Promise<void>;
  close(): void;
}

// long enough for a certificate and its key to be written one after the other
const settleMs = 50;

/**
 * Watches files by their content. The kubelet updates a mounted Secret or ConfigMap by swapping the symlink `..data`
 * beside the files: a watch on the file itself fires for the first swap and never again, so the directory is watched.
 */
export async function watchFiles(options: FileWatcherOptions): Promise<FileWatcher> {
  const { files, directories = [], onChange, pollIntervalMs = 10_000 } = options;
  const look = typeof files === "function" ? () => hashOfFound(files) : () => contentHash(files);
  const folders = typeof files === "function" ? [] : files.map((file) => dirname(file));
  let known = "";
  let running = Promise.resolve();
  const check = (): Promise<void> => {
    running = running.then(async () => {
      const current = await look();
      if (current === known) return;
      known = current;
      await onChange();
    });
    return running;
  };
  let settling: NodeJS.Timeout | undefined;
  const settle = (): void => {
    clearTimeout(settling);
    settling = setTimeout(() => void check(), settleMs).unref();
  };
  const watchers = [...new Set([...folders, ...directories])].flatMap((directory) =>
    watchDirectory(directory, settle),
  );
  // watched by then: a change that comes while the files are read waits for its turn
  running = look().then((first) => {
    known = first;
  });
  await running;
  const poll = setInterval(() => void check(), pollIntervalMs).unref();
  return {
    check,
    close() {
      clearTimeout(settling);
      clearInterval(poll);
      for (const watcher of watchers) watcher.close();
    },
  };
}

function watchDirectory(directory: string, onEvent: () => void): FSWatcher[] {
  try {
    const watcher = watch(directory, { persistent: false }, onEvent);
    // a directory that goes away takes its watch along: the poll goes on
    watcher.on("error", () => watcher.close());
    return [watcher];
  } catch {
    return [];
  }
}

function hashOfFound(find: () => Promise<readonly string[]>): Promise<string> {
  return find().then(contentHash, (error: NodeJS.ErrnoException) => error.code ?? "unreadable");
}

async function contentHash(files: readonly string[]): Promise<string> {
  const hashes = await Promise.all(
    files.map((file) =>
      readFile(file).then(
        (bytes) => createHash("sha256").update(bytes).digest("hex"),
        (error: NodeJS.ErrnoException) => error.code ?? "unreadable",
      ),
    ),
  );
  return hashes.join();
}
