import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { CountersignError } from "../errors.ts";
import type { Kubeconfig } from "./kubeconfig.ts";
import { parseKubeconfig } from "./parse-kubeconfig.ts";

/** Which kubeconfig files count. */
export interface KubeconfigLocation {
  readonly files: readonly string[];
  /** An explicitly named file has to exist; of those `KUBECONFIG` lists, the missing are skipped. */
  readonly mustExist: boolean;
}

/** What says where kubeconfig files are: the flag and the environment. */
export interface LocateKubeconfigOptions {
  /** What `--kubeconfig` named. */
  readonly explicit?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Where kubectl looks: the file that was named, else those in `KUBECONFIG`, else `~/.kube/config`. */
export function locateKubeconfig({ explicit, env }: LocateKubeconfigOptions): KubeconfigLocation {
  if (explicit !== undefined && explicit !== "") return { files: [explicit], mustExist: true };
  const listed = (env.KUBECONFIG ?? "").split(delimiter).filter((file) => file !== "");
  if (listed.length > 0) return { files: [...new Set(listed)], mustExist: false };
  return { files: [join(env.HOME || homedir(), ".kube", "config")], mustExist: false };
}

/**
 * Loads and merges kubeconfig files as kubectl does: the first file that has a cluster, user, context or
 * current-context by some name wins it whole. Missing files that need not exist count as empty.
 * @throws ERR_KUBECONFIG naming file, line and field.
 */
export async function loadKubeconfig(location: KubeconfigLocation): Promise<Kubeconfig> {
  const loaded: Kubeconfig[] = [];
  for (const file of location.files) {
    const text = await readKubeconfig(file, location.mustExist);
    if (text !== undefined) loaded.push(parseKubeconfig(text, file));
  }
  return mergeKubeconfigs(loaded);
}

/** Earlier ones win, entry by entry. */
export function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  const lastToFirst = configs.toReversed();
  return {
    files: configs.flatMap(({ files }) => files),
    clusters: new Map(lastToFirst.flatMap(({ clusters }) => [...clusters])),
    users: new Map(lastToFirst.flatMap(({ users }) => [...users])),
    contexts: new Map(lastToFirst.flatMap(({ contexts }) => [...contexts])),
    "current-context": configs.map((config) => config["current-context"]).find(Boolean),
  };
}

async function readKubeconfig(file: string, mustExist: boolean): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && !mustExist) return undefined;
    throw new CountersignError(
      "ERR_KUBECONFIG",
      `${file}: cannot be read (${code}): check --kubeconfig and KUBECONFIG`,
      {
        cause: error,
      },
    );
  }
}
