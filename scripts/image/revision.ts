import { existsSync } from "node:fs";
import { join } from "node:path";
import { read } from "./run-program.ts";

/** Of which commit something is made, and when that was. */
export interface Revision {
  /** Undefined outside a clone, where nobody says it. */
  readonly commit: string | undefined;
  readonly createdSeconds: number;
}

/** As the environment says it (`COUNTERSIGN_REVISION`, `SOURCE_DATE_EPOCH`), else as the clone says it. */
export function revisionOf(root: string, environment: NodeJS.ProcessEnv): Revision {
  const { COUNTERSIGN_REVISION: commit, SOURCE_DATE_EPOCH: seconds } = environment;
  const [clonedCommit, clonedSeconds] = commit && seconds ? [] : clonedRevision(root);
  return { commit: commit || clonedCommit, createdSeconds: Number(seconds || clonedSeconds || 0) };
}

function clonedRevision(root: string): readonly string[] {
  // a folder inside another one's clone is not of its commit
  if (!existsSync(join(root, ".git"))) return [];
  return read("git", ["log", "-1", "--format=%H %ct"], { cwd: root }).trim().split(" ");
}
