/** Sorted by a name's bytes in UTF-8, as Go sorts strings; equal names stay as they stood. */
export function sortedByName<T>(values: readonly T[], nameOf: (value: T) => string): T[] {
  return values
    .map((value) => ({ value, name: Buffer.from(nameOf(value)) }))
    .sort((one, other) => Buffer.compare(one.name, other.name))
    .map(({ value }) => value);
}
