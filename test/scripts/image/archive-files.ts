import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The files of a tar archive by their paths, unpacked by the system's own tar. */
export function filesOf(archive: Buffer): ReadonlyMap<string, Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-archive-"));
  try {
    execFileSync("tar", ["-xf", "-", "-C", folder], { input: archive, maxBuffer: archive.length + 1 });
    const paths = execFileSync("tar", ["-tf", "-"], { input: archive, encoding: "utf8" })
      .trimEnd()
      .split("\n");
    const files = paths.filter((path) => !path.endsWith("/"));
    return new Map(files.map((path) => [path, readFileSync(join(folder, path))]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
