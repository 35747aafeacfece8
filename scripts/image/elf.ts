/** What the loader reads of a program or library (ELF, 64 bits, little-endian). */
export interface Elf {
  /** As it is in the names of Debian's folders. */
  readonly machine: "x86_64" | "aarch64";
  /** The loader's path; undefined for a library and for a program that needs none. */
  readonly interpreter: string | undefined;
  /** The names of the libraries it is linked with. */
  readonly needed: readonly string[];
}

const machines: Readonly<Record<number, Elf["machine"]>> = { 62: "x86_64", 183: "aarch64" };
/** Kinds of segment (elf.h). */
const segment = { load: 1, dynamic: 2, interpreter: 3 };
/** Tags of the dynamic section. */
const tag = { end: 0, needed: 1, strings: 5 };

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly bytes: number;
}

export function readElf(file: Buffer): Elf {
  const machine = machines[file.length < 64 ? 0 : file.readUInt16LE(18)];
  if (file.toString("latin1", 0, 6) !== "\x7fELF\x02\x01" || machine === undefined)
    throw new Error("not a program or library of x86_64 or aarch64");
  const segments = segmentsOf(file);
  const interpreter = segments.find(({ type }) => type === segment.interpreter);
  return {
    machine,
    interpreter: interpreter && textAt(file, interpreter.offset),
    needed: neededOf(file, segments),
  };
}

function segmentsOf(file: Buffer): Segment[] {
  const table = number(file, 32);
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = table + index * file.readUInt16LE(54);
    return {
      type: file.readUInt32LE(at),
      offset: number(file, at + 8),
      address: number(file, at + 16),
      bytes: number(file, at + 32),
    };
  });
}

function neededOf(file: Buffer, segments: readonly Segment[]): string[] {
  const dynamic = segments.find(({ type }) => type === segment.dynamic);
  if (dynamic === undefined) return [];
  const entries: { readonly tag: number; readonly value: number }[] = [];
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.bytes; at += 16) {
    const entry = { tag: number(file, at), value: number(file, at + 8) };
    if (entry.tag === tag.end) break;
    entries.push(entry);
  }
  const strings = offsetOf(entries.find((entry) => entry.tag === tag.strings)?.value ?? 0, segments);
  return entries
    .filter((entry) => entry.tag === tag.needed)
    .map(({ value }) => textAt(file, strings + value));
}

/** Where in the file lies what is loaded to an address. */
function offsetOf(address: number, segments: readonly Segment[]): number {
  const holder = segments.find(
    (one) => one.type === segment.load && address >= one.address && address < one.address + one.bytes,
  );
  return holder === undefined ? address : address - holder.address + holder.offset;
}

// tags that only one system knows have their highest bits set, and are none of ours
function number(file: Buffer, at: number): number {
  return Number(file.readBigUInt64LE(at));
}

function textAt(file: Buffer, at: number): string {
  return file.toString("latin1", at, file.indexOf(0, at));
}
