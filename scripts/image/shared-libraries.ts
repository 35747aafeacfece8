import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readElf } from "./elf.ts";

/** What a program is loaded with: files that must lie at these very paths. */
export interface SharedLibrary {
  /** Where its loader looks for it, without a slash before it. */
  readonly path: string;
  readonly content: Buffer;
  readonly isLoader: boolean;
}

/**
 * The loader and every library that a program needs, and theirs, as they lie below `root`. Read from the files
 * themselves, so that it works for programs that this machine cannot run.
 */
export function sharedLibrariesOf(program: Buffer, root: string): readonly SharedLibrary[] {
  const { interpreter, machine } = readElf(program);
  if (interpreter === undefined) return [];
  const loader = interpreter.slice(1);
  const found = new Map<string, SharedLibrary>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    const content = readFileSync(join(root, path));
    found.set(path, { path, content, isLoader: path === loader });
    for (const name of readElf(content).needed) visit(pathOf(name));
  };
  // a library that names the loader means the one that the program has already
  const pathOf = (name: string): string => (loader.endsWith(`/${name}`) ? loader : find(name, root, machine));
  visit(loader);
  for (const name of readElf(program).needed) visit(pathOf(name));
  return [...found.values()];
}

/** Debian's folders first, then those of distributions with one architecture at a time. */
function find(name: string, root: string, machine: string): string {
  const folders = [
    `lib/${machine}-linux-gnu`,
    `usr/lib/${machine}-linux-gnu`,
    "lib64",
    "usr/lib64",
    "lib",
    "usr/lib",
  ];
  const path = folders.map((folder) => join(folder, name)).find((one) => existsSync(join(root, one)));
  if (path === undefined) throw new Error(`${name} is in none of ${folders.join(", ")} below ${root}`);
  return path;
}
