/** k8s.io/apiserver pkg/endpoints/filters/warning.go: what a client is sent of all warnings together, in code points. */
const maxTotalRunes = 4 * 1024;
/** And of one warning, once there were more than that in total. */
const maxItemRunes = 256;

/** The warnings of one request, as an API server passes them on. */
export interface WarningRecorder {
  /** Nothing happens with one that has been, or that a header cannot hold. */
  add(text: string): void;
  readonly warnings: readonly string[];
}

/** Once the warnings exceed 4096 characters together, each is cut to 256, and what comes after 4096 is dropped. */
export function createWarningRecorder(): WarningRecorder {
  let recorded: Set<string> | undefined;
  let warnings: string[] = [];
  let written = 0;
  let truncating = false;

  const write = (text: string): void => {
    warnings.push(text);
    written += runesOf(text);
  };
  return {
    add(given) {
      const text = given.toWellFormed();
      if (truncating && written >= maxTotalRunes) return;
      recorded ??= new Set();
      if (text === "" || /\p{Cc}/u.test(text) || recorded.has(text)) return;
      recorded.add(text);
      if (truncating) return write(firstRunes(text));
      if (written + runesOf(text) <= maxTotalRunes) return write(text);
      truncating = true;
      warnings = [];
      written = 0;
      for (const one of recorded) write(firstRunes(one));
    },
    get warnings() {
      return warnings;
    },
  };
}

function runesOf(text: string): number {
  return [...text].length;
}

function firstRunes(text: string): string {
  // a code point has at most two units: so much has to be looked at, of a text that may be megabytes long
  return [...text.slice(0, 2 * maxItemRunes)].slice(0, maxItemRunes).join("");
}
