import { globSync, lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileEntry, type ImageEntry } from "./image-entry.ts";
import { createLayer, type Layer } from "./layer.ts";
import { run } from "./run-program.ts";
import { inTemporaryFolder } from "./temporary-folder.ts";

/** The package as it is published, unpacked from what `npm pack` made. Declarations are for compilers: an image has none. */
export function createApplicationLayer(tarball: string, more: readonly ImageEntry[]): Layer {
  return inTemporaryFolder((folder) => {
    run("tar", ["-xzf", tarball, "-C", folder]);
    return createLayer("application", [...publishedFiles(join(folder, "package")), ...more]);
  });
}

/** Makes the tarball, and so the build before it. */
export function packPackage(root: string, folder: string): string {
  run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: root });
  const [tarball] = globSync("*.tgz", { cwd: folder });
  return join(folder, tarball!);
}

function publishedFiles(folder: string): ImageEntry[] {
  const files = globSync("**", { cwd: folder }).filter((file) => !/\.d\.[cm]?ts$/.test(file));
  return files.flatMap((file) => {
    const found = lstatSync(join(folder, file));
    if (!found.isFile()) return [];
    const isExecutable = (found.mode & 0o111) !== 0;
    return [
      fileEntry(`app/node_modules/countersign/${file}`, readFileSync(join(folder, file)), isExecutable),
    ];
  });
}
