import { execFileSync } from "node:child_process";
import { globSync, lstatSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileEntry, type ImageEntry } from "./image-entry.ts";
import { createLayer, type Layer } from "./layer.ts";

/** The package as it is published: what `npm pack` makes of it. Declarations are for compilers, which an image has none of. */
export function createApplicationLayer(root: string, more: readonly ImageEntry[]): Layer {
  const folder = mkdtempSync(join(tmpdir(), "countersign-image-"));
  try {
    execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], {
      cwd: root,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const [tarball] = globSync("*.tgz", { cwd: folder });
    execFileSync("tar", ["-xzf", tarball!], { cwd: folder });
    return createLayer("application", [...publishedEntries(join(folder, "package")), ...more]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function publishedEntries(folder: string): ImageEntry[] {
  const files = globSync("**", { cwd: folder }).filter(
    (file) => !/\.d\.[cm]?ts$/.test(file) && lstatSync(join(folder, file)).isFile(),
  );
  return files.map((file) => {
    const executable = (statSync(join(folder, file)).mode & 0o111) !== 0;
    return fileEntry(`app/node_modules/countersign/${file}`, readFileSync(join(folder, file)), executable);
  });
}
