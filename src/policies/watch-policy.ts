import { readFile, realpath } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { Policy } from "../admission/policy.ts";
import { type FileWatcher, watchFiles } from "../certificates/file-watcher.ts";
import { diagnosticsChannel } from "../diagnostics.ts";
import { errorMessageOf } from "../errors.ts";
import { loadPolicy } from "./load-policy.ts";
import { hashOf, notFound, type PolicySources } from "./policy-module.ts";

export interface WatchPolicyOptions {
  /** The policy's file. */
  readonly file: string;
  /** Whether the policy is for a mutating webhook's route. Default false: `mutate` is refused. */
  readonly mutating?: boolean;
  /** How often to look where the system tells nothing of a change. Default 10 000 (10 s). */
  readonly pollIntervalMs?: number;
}

/** The policy of a file, kept as the file is. */
export interface WatchedPolicy {
  /** The policy as it was last loaded without a fault; alone in a list, as a route wants it. */
  readonly policies: readonly Policy[];
  /** Looks at the files now; resolves when what changed has been loaded. */
  check(): Promise<void>;
  /** Stops watching. The policy stays. */
  close(): void;
}

const reloads = diagnosticsChannel("countersign:reload");

/**
 * Loads a policy, and again whenever its file or one it imports from beside it changes, as a ConfigMap's files do when
 * the kubelet swaps them. A reload that fails keeps the last good policy and says so on `countersign:reload`.
 * @throws ERR_POLICY_INVALID where the first load fails.
 */
export async function watchPolicy(options: WatchPolicyOptions): Promise<WatchedPolicy> {
  const { file, mutating = false } = options;
  let sources: PolicySources = new Map();
  let realFile = await realFileOf(file);
  let policies = [await loadPolicy(file, { mutating, sources })];
  let watcher: FileWatcher | undefined;
  let closed = false;
  let failing = false;
  const reload = async (): Promise<void> => {
    sources = new Map();
    realFile = await realFileOf(file);
    try {
      policies = [await loadPolicy(file, { mutating, sources })];
      failing = false;
      report(file);
    } catch (error) {
      failing = true;
      report(file, error);
    }
  };
  /** Watches what was read last; what changed while it was read is loaded again. */
  const watch = async (): Promise<void> => {
    do {
      watcher?.close();
      if (closed) return;
      watcher = await watchFiles({ ...options, files: filesOf(file, realFile, sources), onChange });
      if (closed) watcher.close();
    } while (!closed && (await isStale()) && (await reload()) === undefined);
  };
  /** A folder that was exchanged may leave every file that was read just as it was. */
  const isStale = async (): Promise<boolean> =>
    (await realFileOf(file)) !== realFile || (await haveChanged(sources));
  let running = Promise.resolve();
  const onChange = (): Promise<void> => {
    // a watcher that was just replaced may still have something to say
    running = running.then(reload).then(watch);
    return running;
  };
  await watch();
  return {
    get policies() {
      return policies;
    },
    check: async () => watcher?.check(),
    close() {
      closed = true;
      watcher?.close();
      if (failing) reloads.publish({ what: "policy", file, outcome: "dropped" });
      failing = false;
    },
  };
}

/**
 * What was read, each file where it really lies and where it lies beside the policy's own name: a ConfigMap's folder is a
 * symlink that is exchanged, and nobody has to take the old one away.
 */
function filesOf(file: string, realFile: string, sources: PolicySources): readonly string[] {
  const realFolder = dirname(realFile);
  const beside = (real: string): string => join(dirname(file), relative(realFolder, real));
  return [...new Set([file, ...[...sources.keys()].flatMap((real) => [real, beside(real)])])];
}

/** Its own name where it is not there. */
function realFileOf(file: string): Promise<string> {
  return realpath(file).catch(() => file);
}

function report(file: string, error?: unknown): void {
  if (error === undefined) reloads.publish({ what: "policy", file, outcome: "reloaded" });
  else
    reloads.publish({
      what: "policy",
      file,
      outcome: "failed",
      detail: errorMessageOf(error),
    });
}

async function haveChanged(sources: PolicySources): Promise<boolean> {
  for (const [file, read] of sources) {
    const now = await readFile(file).then(hashOf, () => notFound);
    if (now !== read) return true;
  }
  return false;
}
