/**
 * Every value of a header, whose name is given in lower case, in order. Node's `headers` keeps the first `Authorization` and hides the others; a second one
 * must be seen to be refused.
 */
export function headerValues(rawHeaders: readonly string[], name: string): readonly string[] {
  let values: string[] | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const candidate = rawHeaders[index]!;
    if (candidate.length !== name.length || candidate.toLowerCase() !== name) continue;
    const value = rawHeaders[index + 1]!;
    if (values === undefined) values = [value];
    else values.push(value);
  }
  return values ?? none;
}

const none: readonly string[] = [];

/** What was written: node reads header bytes as Latin-1, and clients and proxies in Go put UTF-8 on the wire. */
export function headerText(value: string): string {
  return Buffer.from(value, "latin1").toString("utf8");
}

/** A key that is part of a header's name, percent-decoded; as it is where it cannot be. */
export function headerKey(escaped: string): string {
  try {
    return decodeURIComponent(escaped);
  } catch {
    return escaped;
  }
}
