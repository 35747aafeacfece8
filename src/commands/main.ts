import { didYouMean } from "../configuration/nearest-name.ts";
import { CountersignError } from "../errors.ts";
import type { CommandIO } from "./command.ts";
import { type CommandRow, commandTable } from "./command-table.ts";
import { reportFailure } from "./failure.ts";

/** Runs the command that the process' arguments name, and leaves its exit code to the process. */
export async function main(): Promise<void> {
  // not process.exit: what is still being written to a pipe would be lost
  process.exitCode = await runCommandLine(process.argv.slice(2), process);
}

/** Runs one command line; every failure becomes a line on stderr and an exit code. */
export async function runCommandLine(
  args: readonly string[],
  io: CommandIO,
  table: Readonly<Record<string, CommandRow>> = commandTable,
): Promise<number> {
  try {
    return await dispatch(args, io, table);
  } catch (error) {
    const [name = ""] = args;
    return reportFailure(error, io, Object.hasOwn(table, name) ? name : undefined);
  }
}

async function dispatch(
  args: readonly string[],
  io: CommandIO,
  table: Readonly<Record<string, CommandRow>>,
): Promise<number> {
  const [name, ...rest] = args;
  if (name === "--version") {
    const { versionLine } = await import("./version.ts");
    io.stdout.write(`${versionLine()}\n`);
    return 0;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    io.stdout.write(overview(table));
    return 0;
  }
  if (name === undefined) {
    io.stderr.write(overview(table));
    return 2;
  }
  if (!Object.hasOwn(table, name))
    throw new CountersignError(
      "ERR_USAGE",
      `unknown command "${name}"${didYouMean(name, Object.keys(table))}`,
    );
  const command = await table[name]!.load();
  return command.run(rest, io);
}

function overview(table: Readonly<Record<string, CommandRow>>): string {
  const width = Math.max(0, ...Object.keys(table).map((name) => name.length));
  const lines = Object.entries(table).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `Admission webhooks that know who is calling.

Usage: countersign COMMAND [flags]

Commands:
${lines.join("\n")}

Flags:
  --help     this, or after a command what it takes
  --version  version and commit

Example:
  countersign demo
`;
}
