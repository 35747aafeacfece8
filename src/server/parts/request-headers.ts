/**
 * Every value of a header, in order. Node's `headers` keeps the first `Authorization` and hides the others; a second one
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
