interface FieldTerm {
  readonly field: string;
  readonly isExact: boolean;
  readonly value: string;
}

/**
 * The one value that a field selector leaves to a field, and undefined where it leaves several: k8s.io/apimachinery
 * pkg/fields. A comma behind a backslash is part of a value, so what looks like a term there is none. Undefined for a
 * text that is no selector, which an API server then refuses.
 */
export function exactFieldValue(selector: string, field: string): string | undefined {
  const terms = splitTerms(selector)
    .filter((term) => term !== "")
    .sort()
    .map(readTerm);
  const read = terms.filter((term) => term !== undefined);
  if (read.length < terms.length) return undefined;
  return read.find((term) => term.isExact && term.field === field)?.value;
}

/** At its commas, but for those that a backslash stands before. */
function splitTerms(selector: string): string[] {
  return selector.match(/(?:\\.|[^\\,]|\\$)+/gs) ?? [];
}

/** The first operator counts: in `a!=b=c` it is `!=`. */
const termShape = /^([^=!]*(?:!(?!=)[^=!]*)*)(!=|==|=)(.*)$/s;

function readTerm(text: string): FieldTerm | undefined {
  const [, field, operator, escaped] = termShape.exec(text) ?? [];
  const value = unescaped(escaped ?? "");
  if (field === undefined || value === undefined) return undefined;
  return { field, isExact: operator !== "!=", value };
}

/** Only `\\`, `\,` and `\=` are escapes, and these characters stand in a value in no other way. */
function unescaped(text: string): string | undefined {
  return /^(?:\\[\\,=]|[^\\,=])*$/.test(text) ? text.replace(/\\(.)/gs, "$1") : undefined;
}
