import { copyFileSync, globSync, lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { external } from "../package-chunks.ts";
import { fileEntry, type ImageEntry } from "./image-entry.ts";
import { createLayer, type Layer } from "./layer.ts";
import { type LockedPackage, type LockFile, readLockFile, withDependencies } from "./lock-file.ts";
import { run } from "./run-program.ts";
import { inTemporaryFolder } from "./temporary-folder.ts";

/** What Node can load, and what a licence wants to stand beside it. Types, maps, sources and documentation stay out. */
const kept = /(?:^|\/)(?:[^/]+\.(?:[cm]?js|json|node|wasm)|(?:LICEN[CS]E|COPYING|NOTICE)[^/]*)$/i;

/** The packages that the built code loads from where npm put them; all others were bundled into it. */
export function loadedPackages(lockFile: LockFile): readonly LockedPackage[] {
  const roots = lockFile.production.filter(
    ({ name, path }) => external.test(name) && path === `node_modules/${name}`,
  );
  return withDependencies(roots, lockFile).filter(({ name }) => !name.startsWith("@types/"));
}

/** These packages as the lock file has them: installed by npm, which compares each with its hash there. */
export function createDependenciesLayer(root: string): Layer {
  return inTemporaryFolder((folder) => {
    for (const name of ["package.json", "package-lock.json"])
      copyFileSync(join(root, name), join(folder, name));
    const flags = ["--silent", "--omit=dev", "--ignore-scripts", "--no-bin-links", "--prefer-offline"];
    run("npm", ["ci", ...flags], { cwd: folder });
    const packages = loadedPackages(readLockFile(folder));
    return createLayer(
      "dependencies",
      packages.flatMap(({ path }) => packageFiles(folder, path)),
    );
  });
}

/** The files of one installed package that an image needs. */
export function packageFiles(folder: string, path: string): ImageEntry[] {
  // what lies in its own node_modules is a package of the lock file as well
  const files = globSync("**", { cwd: join(folder, path), exclude: ["node_modules"] })
    .filter((file) => kept.test(file))
    .map((file) => join(path, file))
    .filter((file) => lstatSync(join(folder, file)).isFile());
  return files.map((file) => fileEntry(`app/${file}`, readFileSync(join(folder, file))));
}
