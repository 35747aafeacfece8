import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A package as `package-lock.json` has it (lockfileVersion 3). */
export interface LockedPackage {
  /** Where it is installed, from the folder of the lock file: `node_modules/a/node_modules/b`. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly integrity: string | undefined;
  readonly license: string | undefined;
  readonly isDevelopment: boolean;
  /** What it asks for: names only. */
  readonly dependencies: readonly string[];
}

interface LockFile {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

interface LockEntry {
  readonly name?: string;
  readonly version?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Every package of the lock file in a folder, but for the one that the file is of. */
export function readLockFile(folder: string): readonly LockedPackage[] {
  const { packages } = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")) as LockFile;
  return Object.entries(packages).flatMap(([path, entry]) =>
    path === "" || entry.version === undefined ? [] : [lockedPackage(path, entry, entry.version)],
  );
}

function lockedPackage(path: string, entry: LockEntry, version: string): LockedPackage {
  const { dependencies, optionalDependencies, peerDependencies } = entry;
  return {
    path,
    name: entry.name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length),
    version,
    integrity: entry.integrity,
    license: entry.license,
    isDevelopment: entry.dev === true,
    dependencies: Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }),
  };
}

/** These packages and all they ask for, each as Node would find it from where it is asked for. */
export function withDependencies(
  roots: readonly LockedPackage[],
  all: readonly LockedPackage[],
): readonly LockedPackage[] {
  const byPath = new Map(all.map((one) => [one.path, one]));
  const found = new Set<LockedPackage>();
  const visit = (one: LockedPackage): void => {
    if (found.has(one)) return;
    found.add(one);
    for (const name of one.dependencies) {
      const dependency = resolve(name, one.path, byPath);
      if (dependency !== undefined) visit(dependency);
    }
  };
  roots.forEach(visit);
  return [...found].sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** Beside it, then beside each that holds it. An optional one may be in no lock file. */
function resolve(
  name: string,
  from: string,
  byPath: ReadonlyMap<string, LockedPackage>,
): LockedPackage | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    const found = byPath.get(folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`);
    if (found !== undefined || folder === "") return found;
  }
}
