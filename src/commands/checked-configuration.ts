import { readFile } from "node:fs/promises";
import { type CheckedField, checkedErrors, checkedWarnings } from "../configuration/checked-field.ts";
import type { CommandIO } from "./command.ts";

/** Time for what was printed to be read, where something that a policy began keeps the process alive. */
const leaveAfterMs = 500;

/**
 * Prints what `--check` found and, where nothing is wrong, `ok`.
 * @throws ERR_CONFIGURATION with a line for each fault.
 */
export async function printChecked(
  file: string,
  found: readonly CheckedField[],
  io: CommandIO,
): Promise<number> {
  setTimeout(() => process.exit(), leaveAfterMs).unref();
  const checked = { file, text: await readFile(file, "utf8") };
  for (const line of checkedWarnings(found, checked)) io.stderr.write(`countersign: ${line}\n`);
  const errors = checkedErrors(found, checked);
  if (errors !== undefined) throw errors;
  io.stdout.write("ok\n");
  return 0;
}
