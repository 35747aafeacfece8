import { CountersignError } from "../errors.ts";
import { configurationError } from "./configuration-error.ts";
import { formatFieldPath } from "./faults.ts";
import { type FieldPath, parseYamlDocument } from "./yaml-document.ts";

/** What was found about a field by trying what it names, after the file itself was understood. */
export interface CheckedField {
  readonly severity: "error" | "warning";
  readonly path: FieldPath;
  readonly message: string;
}

/** What a check throws, as a fault of the field that it is of. */
export async function faultOf(path: FieldPath, check: () => unknown): Promise<readonly CheckedField[]> {
  try {
    await check();
    return [];
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error;
    return [{ severity: "error", path, message: error.message }];
  }
}

/** Where it was found. */
export interface CheckedText {
  /** What messages call the text. */
  readonly file: string;
  readonly text: string;
}

/** ERR_CONFIGURATION with a line for each error among them, as faults of the file itself are told; undefined without one. */
export function checkedErrors(
  found: readonly CheckedField[],
  { file, text }: CheckedText,
): CountersignError | undefined {
  const document = parseYamlDocument(text);
  const faults = found
    .filter(({ severity }) => severity === "error")
    .map(({ path, message }) => ({
      file,
      message,
      position: document.positionOf(path),
      field: formatFieldPath(path),
    }));
  return faults.length === 0 ? undefined : configurationError(faults);
}

/** A line for each warning: `FILE:LINE:COLUMN: FIELD: warning: …`. */
export function checkedWarnings(
  found: readonly CheckedField[],
  { file, text }: CheckedText,
): readonly string[] {
  const document = parseYamlDocument(text);
  return found
    .filter(({ severity }) => severity === "warning")
    .map(({ path, message }) => {
      const { line, column } = document.positionOf(path);
      return `${file}:${line}:${column}: ${formatFieldPath(path)}: warning: ${message}`;
    });
}
