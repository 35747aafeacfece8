import { CountersignError, type ErrorCode } from "../errors.ts";
import type { CommandIO } from "./command.ts";

/** Wrong usage, wrong configuration, wrong runtime: nothing was tried. */
const usageCodes: ReadonlySet<ErrorCode> = new Set([
  "ERR_USAGE",
  "ERR_CONFIGURATION",
  "ERR_KUBECONFIG",
  "ERR_CERTIFICATE_INVALID",
  "ERR_POLICY_INVALID",
  "ERR_UNSUPPORTED_RUNTIME",
]);

/** One line on stderr for what a command threw, and the exit code that goes with it. */
export function reportFailure(error: unknown, io: CommandIO, command?: string): number {
  if (!(error instanceof CountersignError)) {
    io.stderr.write(`countersign: ERR_INTERNAL: ${error instanceof Error ? error.stack : String(error)}\n`);
    return 1;
  }
  const help = ["countersign", command, "--help"].filter((word) => word !== undefined).join(" ");
  const cure = error.code === "ERR_USAGE" ? `\nRun '${help}'.` : "";
  io.stderr.write(`countersign: ${error.code}: ${error.message}${cure}\n`);
  return usageCodes.has(error.code) ? 2 : 1;
}
