import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Version and commit, e.g. `countersign 0.1.0 (commit 1a2b3c4d5e6f)`. */
export function versionLine(): string {
  // the same two folders up from src/commands and from dist/commands
  const root = new URL("../../", import.meta.url);
  const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { version: string };
  return `countersign ${version} (commit ${stampedCommit() ?? clonedCommit(fileURLToPath(root))})`;
}

/** The build leaves the commit beside the compiled file. */
function stampedCommit(): string | undefined {
  try {
    const stamp = readFileSync(new URL("build.json", import.meta.url), "utf8");
    return (JSON.parse(stamp) as { commit: string }).commit;
  } catch {
    return undefined;
  }
}

function clonedCommit(folder: string): string {
  try {
    // quiet where there is no git, or no repository
    const options: ExecFileSyncOptionsWithStringEncoding = { cwd: folder, encoding: "utf8", stdio: "pipe" };
    return execFileSync("git", ["rev-parse", "--short=12", "HEAD"], options).trim();
  } catch {
    return "unknown";
  }
}
