import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A package as `package-lock.json` has it (lockfileVersion 3). */
export interface LockedPackage {
  /** Where it is installed, from the lock file's folder: `node_modules/a/node_modules/b`. Empty for the package itself. */
  readonly path: string;
  readonly name: string;
  readonly version: string;
  readonly integrity: string | undefined;
  readonly license: string | undefined;
  /** The names of what it asks for. */
  readonly dependencies: readonly string[];
}

export interface LockFile {
  /** The package whose lock file it is. */
  readonly own: LockedPackage;
  /** What is installed where it is used: all but what only its development needs. */
  readonly production: readonly LockedPackage[];
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

export function readLockFile(folder: string): LockFile {
  const text = readFileSync(join(folder, "package-lock.json"), "utf8");
  const { packages } = JSON.parse(text) as { readonly packages: Readonly<Record<string, LockEntry>> };
  const { "": own, ...others } = packages;
  const used = Object.entries(others).filter(([, { dev, version }]) => dev !== true && version !== undefined);
  return {
    own: lockedPackage("", own ?? {}),
    production: used.map(([path, entry]) => lockedPackage(path, entry)),
  };
}

function lockedPackage(path: string, entry: LockEntry): LockedPackage {
  const { name, version = "", integrity, license } = entry;
  return {
    path,
    name: name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length),
    version,
    integrity,
    license,
    dependencies: Object.keys({
      ...entry.dependencies,
      ...entry.optionalDependencies,
      ...entry.peerDependencies,
    }),
  };
}

/** What a package asks for, each as Node would find it from there. An optional one may be in no lock file. */
export function dependenciesOf(
  { path, dependencies }: LockedPackage,
  { production }: LockFile,
): readonly LockedPackage[] {
  return dependencies.flatMap((name) => {
    const places = foldersAbove(path).map((folder) => join(folder, "node_modules", name));
    const place = places.find((one) => production.some((other) => other.path === one));
    return production.find((one) => one.path === place) ?? [];
  });
}

/** `node_modules/a/node_modules/b` itself, `node_modules/a` and the folder of the lock file. */
function foldersAbove(path: string): readonly string[] {
  if (path === "") return [""];
  return [path, ...foldersAbove(path.slice(0, Math.max(0, path.lastIndexOf("/node_modules/"))))];
}

/** These packages and all they ask for, down to the last. */
export function withDependencies(
  roots: readonly LockedPackage[],
  lockFile: LockFile,
): readonly LockedPackage[] {
  const found = new Set<LockedPackage>();
  const visit = (one: LockedPackage): void => {
    if (found.has(one)) return;
    found.add(one);
    dependenciesOf(one, lockFile).forEach(visit);
  };
  roots.forEach(visit);
  return [...found].sort((left, right) => (left.path < right.path ? -1 : 1));
}
