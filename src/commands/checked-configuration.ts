import { readFile } from "node:fs/promises";
import { type CheckedField, checkedErrors, checkedWarnings } from "../configuration/checked-field.ts";
import type { CommandIO } from "./command.ts";
import { leaveSoon } from "./leave-soon.ts";

/**
 * Prints what `--check` found and, where nothing is wrong, `ok`.
 * @throws ERR_CONFIGURATION with a line for each fault.
 */
export async function printChecked(
  file: string,
  found: readonly CheckedField[],
  io: CommandIO,
): Promise<number> {
  leaveSoon();
  const checked = { file, text: await readFile(file, "utf8") };
  for (const line of checkedWarnings(found, checked)) io.stderr.write(`countersign: ${line}\n`);
  const errors = checkedErrors(found, checked);
  if (errors !== undefined) throw errors;
  io.stdout.write("ok\n");
  return 0;
}
