import { hash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { completeEntries, type ImageEntry } from "./image-entry.ts";
import { encodeTar } from "./tar.ts";

/** What an image is stacked of. */
export interface Layer {
  readonly name: string;
  readonly entries: readonly ImageEntry[];
  /** The digest of the tar archive: what `rootfs.diff_ids` lists. */
  readonly diffID: string;
  readonly unpackedBytes: number;
  /** The tar archive as it is stored and sent. Node writes no time and no name into gzip's header. */
  readonly blob: Buffer;
}

export function createLayer(name: string, entries: readonly ImageEntry[]): Layer {
  const complete = completeEntries(entries);
  const tar = encodeTar(complete);
  return {
    name,
    entries: complete,
    diffID: digestOf(tar),
    unpackedBytes: complete.reduce((sum, { content }) => sum + (content?.length ?? 0), 0),
    blob: gzipSync(tar, { level: 9 }),
  };
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${hash("sha256", bytes)}`;
}
