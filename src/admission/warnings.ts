/** k8s.io/apiserver pkg/endpoints/filters/warning.go: what a client is sent of all warnings together, in code points. */
const maxTotalRunes = 4 * 1024;
/** And of one warning, once there are more than that in total. */
const maxItemRunes = 256;

// unicode.IsControl of net.NewWarningHeader: a header with one of these is dropped whole
const controls = /\p{Cc}+/gu;

/**
 * The warnings as they will reach the user: an API server drops doubles and texts with control characters, and once
 * there are more than 4096 characters in total it cuts each to 256 and drops the rest. Here control characters become
 * spaces, so that the text arrives; everything else is cut as it would be there, so that the answer stays small.
 */
export function limitWarnings(texts: readonly string[]): readonly string[] {
  const distinct = [...new Set(texts.map((text) => text.toWellFormed().replace(controls, " ").trim()))];
  const warnings = distinct.filter((text) => text !== "");
  if (runesOf(warnings) <= maxTotalRunes) return warnings;
  return withinTotal(warnings.map((text) => firstRunes(text, maxItemRunes)));
}

function runesOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + [...text].length, 0);
}

function firstRunes(text: string, count: number): string {
  // a code point has at most two units: so much has to be looked at, of a text that may be megabytes long
  return [...text.slice(0, 2 * count)].slice(0, count).join("");
}

function withinTotal(warnings: readonly string[]): readonly string[] {
  let left = maxTotalRunes;
  return warnings.filter((text) => {
    left -= runesOf([text]);
    return left >= 0;
  });
}
