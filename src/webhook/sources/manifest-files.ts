import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { sortedByName } from "./byte-order.ts";

const extensions = new Set([".yaml", ".yml", ".json"]);

/** The manifest files of a folder, by name in byte order; subfolders are not looked into. */
export async function manifestFiles(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory() && isManifest(entry.name));
  return sortedByName(files, ({ name }) => name).map(({ name }) => join(directory, name));
}

function isManifest(name: string): boolean {
  return extensions.has(extname(name).toLowerCase());
}
