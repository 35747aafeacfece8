import { CountersignError } from "../errors.ts";
import type { ConfigurationFault } from "./faults.ts";

// a screenful: more says no more
const maxFaults = 20;

/** A fault, and which file it stands in. */
export interface LocatedFault extends ConfigurationFault {
  readonly file: string;
}

/** ERR_CONFIGURATION with a line for each fault: `FILE:LINE:COLUMN: FIELD: what is wrong`. Files stay in their order. */
export function configurationError(faults: readonly LocatedFault[]): CountersignError {
  const files = [...new Set(faults.map(({ file }) => file))];
  const lines = faults
    .toSorted(
      (a, b) =>
        files.indexOf(a.file) - files.indexOf(b.file) ||
        a.position.line - b.position.line ||
        a.position.column - b.position.column,
    )
    .map(({ file, position, field, message }) => {
      const what = field === "" ? message : `${field}: ${message}`;
      return `${file}:${position.line}:${position.column}: ${what}`;
    });
  const [only] = lines;
  const shown = lines.slice(0, maxFaults);
  if (lines.length > maxFaults) shown.push(`and ${lines.length - maxFaults} more`);
  const message =
    lines.length === 1 && only !== undefined
      ? only
      : `${lines.length} faults in the configuration\n${shown.join("\n")}`;
  return new CountersignError("ERR_CONFIGURATION", message);
}
