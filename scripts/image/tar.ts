import type { ImageEntry } from "./image-entry.ts";

const blockBytes = 512;

/**
 * A tar archive (POSIX ustar) of exactly these entries in this order: owned by root, as old as the epoch. Same entries,
 * same bytes.
 */
export function encodeTar(entries: readonly ImageEntry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const { content = new Uint8Array() } = entry;
    return [header(entry), content, Buffer.alloc(paddingOf(content.length))];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]);
}

function paddingOf(bytes: number): number {
  return (blockBytes - (bytes % blockBytes)) % blockBytes;
}

function header({ path, mode, content }: ImageEntry): Buffer {
  const block = Buffer.alloc(blockBytes);
  const { name, prefix } = splitPath(content === undefined ? `${path}/` : path);
  block.write(name, 0);
  block.write(octal(mode, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(content?.length ?? 0, 12), 124);
  block.write(octal(0, 12), 136);
  block.write(content === undefined ? "5" : "0", 156);
  block.write("ustar\x0000", 257, "latin1");
  block.write(prefix, 345);
  // the sum is taken with its own field blank
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function octal(value: number, width: number): string {
  return value.toString(8).padStart(width - 1, "0");
}

/** 100 bytes of name and 155 of what stands before one of its slashes: all that the format holds. */
function splitPath(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: "" };
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
    const [prefix, name] = [path.slice(0, slash), path.slice(slash + 1)];
    if (name !== "" && Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100)
      return { name, prefix };
  }
  throw new Error(`${path}: the path is too long for a tar archive`);
}
