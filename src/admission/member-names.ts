/** The member names an object of the envelope is known to have, in the form the scan looks them up in. */
export interface MemberNames {
  /** Known names by their length in bytes; `bit` tells a name seen from one not seen yet. */
  readonly byLength: readonly (readonly KnownName[])[];
  /** Known names in the form in which case makes no difference, to the names themselves. */
  readonly byFold: ReadonlyMap<string, string>;
}

interface KnownName {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly bit: number;
}

/** At most 31 names, because what was seen of them is held in the bits of one small integer. */
export function createMemberNames(...names: readonly string[]): MemberNames {
  const byLength: KnownName[][] = [];
  names.forEach((name, index) => {
    for (let length = byLength.length; length <= name.length; length++) byLength.push([]);
    byLength[name.length]!.push({ name, bytes: Buffer.from(name), bit: 1 << index });
  });
  return { byLength, byFold: new Map(names.map((name) => [foldCase(name), name])) };
}

/** The known name that stands in these bytes, letter by letter. */
export function findName(
  names: MemberNames,
  bytes: Uint8Array,
  from: number,
  end: number,
): KnownName | undefined {
  const candidates = names.byLength[end - from];
  if (candidates === undefined) return undefined;
  for (const candidate of candidates) if (stands(candidate.bytes, bytes, from)) return candidate;
  return undefined;
}

function stands(name: Uint8Array, bytes: Uint8Array, from: number): boolean {
  for (let index = 0; index < name.length; index++) if (name[index] !== bytes[from + index]) return false;
  return true;
}

/**
 * Down and up again, so that what Go's encoding/json takes for the same letter becomes the same: the Kelvin sign is a
 * `k` to it and the long s an `s` (encoding/json fold.go). Folding a little more than Go does refuses more, never less.
 */
export function foldCase(name: string): string {
  return name.toLowerCase().toUpperCase();
}
