import { execFileSync } from "node:child_process";
import { copyFileSync, globSync, lstatSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { external } from "../package-chunks.ts";
import { fileEntry, type ImageEntry } from "./image-entry.ts";
import { createLayer, type Layer } from "./layer.ts";
import { type LockedPackage, readLockFile, withDependencies } from "./lock-file.ts";

/** What Node can load, and what a licence wants to stand beside it. Types, maps, sources and documentation stay out. */
const kept = /(?:^|\/)(?:[^/]+\.(?:[cm]?js|json|node|wasm)|(?:LICEN[CS]E|COPYING|NOTICE)[^/]*)$/i;

/** The packages that the built code loads from where npm put them; all others were bundled into it. */
export function loadedPackages(root: string): readonly LockedPackage[] {
  const production = readLockFile(root).filter(({ isDevelopment }) => !isDevelopment);
  const roots = production.filter(({ name, path }) => external.test(name) && path === `node_modules/${name}`);
  return withDependencies(roots, production).filter(({ name }) => !name.startsWith("@types/"));
}

/** These packages as the lock file has them: installed by npm, which compares each with its hash there. */
export function createDependenciesLayer(root: string): Layer {
  const folder = mkdtempSync(join(tmpdir(), "countersign-image-"));
  try {
    for (const name of ["package.json", "package-lock.json"])
      copyFileSync(join(root, name), join(folder, name));
    const flags = [
      "--omit=dev",
      "--ignore-scripts",
      "--no-bin-links",
      "--no-audit",
      "--no-fund",
      "--prefer-offline",
      "--silent",
    ];
    execFileSync("npm", ["ci", ...flags], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
    return createLayer(
      "dependencies",
      loadedPackages(root).flatMap(({ path }) => packageEntries(folder, path)),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function packageEntries(folder: string, path: string): ImageEntry[] {
  // what lies in its own node_modules is a package of the lock file as well
  const files = globSync("**", { cwd: join(folder, path), exclude: ["node_modules"] })
    .filter((file) => kept.test(file))
    .map((file) => join(path, file))
    .filter((file) => lstatSync(join(folder, file)).isFile());
  return files.map((file) => fileEntry(`app/${file}`, readFileSync(join(folder, file))));
}
