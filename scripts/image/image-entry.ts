/** One file or folder of an image. Who owns it and when it was made are the same for all, so that nothing depends on who builds. */
export interface ImageEntry {
  /** From the root, without a slash before it. */
  readonly path: string;
  readonly mode: number;
  /** Undefined for a folder. */
  readonly content?: Uint8Array;
}

export function fileEntry(path: string, content: Uint8Array | string, executable = false): ImageEntry {
  return { path, mode: executable ? 0o755 : 0o644, content: Buffer.from(content) };
}

export function folderEntry(path: string, mode = 0o755): ImageEntry {
  return { path, mode };
}

/** In the one order there is, each file behind the folders that lead to it. The first of two for one path counts. */
export function completeEntries(entries: readonly ImageEntry[]): readonly ImageEntry[] {
  const byPath = new Map<string, ImageEntry>();
  for (const entry of entries) if (!byPath.has(entry.path)) byPath.set(entry.path, entry);
  for (const { path } of entries)
    for (const parent of parentsOf(path)) if (!byPath.has(parent)) byPath.set(parent, folderEntry(parent));
  return [...byPath.values()].sort((left, right) => (left.path < right.path ? -1 : 1));
}

function parentsOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}
