import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The licence of every package whose files are among these: what its terms want to stand beside a copy of it. */
export function noticesOf(files: readonly string[]): string {
  const folders = files.flatMap((file) => /.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  const notices = [...new Set(folders)].sort().map((folder) => {
    const { name, version, license } = JSON.parse(
      readFileSync(join(folder, "package.json"), "utf8"),
    ) as Manifest;
    const [text] = globSync("{LICENSE,LICENCE,License,license}*", { cwd: folder });
    if (text === undefined) throw new Error(`${folder} brings no licence text, so it cannot be bundled`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(folder, text), "utf8").trim()}\n`;
  });
  return `Parts of these packages are bundled into this one.\n\n${notices.join(`\n${"-".repeat(78)}\n\n`)}`;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}
