import { CountersignError } from "../errors.ts";
import { type FlagDefinition, type FlagTable, type ParsedFlags, parseFlags } from "./flags.ts";

/** Somewhere text goes. */
export interface TextSink {
  write(text: string): unknown;
}

/** What a command may touch of the process. Results go to `stdout`, everything else to `stderr`. */
export interface CommandIO {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs the same command line once more, behind this process. Only the credential plugin's own program can. */
  readonly runAgain?: () => Promise<void>;
}

/** One command of the command line. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /**
   * Resolves to the exit code: 0 done or accepted, 1 refused or failed, 2 wrong usage or configuration. A
   * CountersignError thrown is printed by whoever runs the command, with its code.
   */
  run(args: readonly string[], io: CommandIO): Promise<number>;
}

export interface CommandDefinition<Flags extends FlagTable> {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What stands after the flags in the usage line, e.g. `[FILE]`. Without it operands are refused. */
  readonly operands?: string;
  /** One command line that works as it stands. */
  readonly example: string;
  readonly flags: Flags;
  run(parsed: ParsedFlags<Flags>, io: CommandIO): Promise<number> | number;
}

/**
 * Makes a command of its flags and its body; `--help` and `-h` print the help on stdout.
 * @throws ERR_USAGE from `run` for a flag or operand it does not take.
 */
export function defineCommand<const Flags extends FlagTable>(definition: CommandDefinition<Flags>): Command {
  const { name, summary, operands, flags, run } = definition;
  return {
    name,
    summary,
    async run(args, io) {
      if (wantsHelp(args)) {
        io.stdout.write(helpOf(definition));
        return 0;
      }
      const parsed = parseFlags(flags, args);
      if (operands === undefined && parsed.operands.length > 0)
        throw new CountersignError("ERR_USAGE", `${name} takes flags only, not "${parsed.operands[0]}"`);
      return run(parsed, io);
    },
  };
}

/** Whether help is asked for: `--help` or `-h` anywhere before `--`. */
export function wantsHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end === -1 ? args : args.slice(0, end)).some((arg) => arg === "--help" || arg === "-h");
}

function helpOf({ name, summary, operands, example, flags }: CommandDefinition<FlagTable>): string {
  const rows = Object.entries(flags).map(
    ([flag, definition]) => [synopsis(flag, definition), definition] as const,
  );
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  const lines = rows.map(([left, definition]) => `  ${left.padEnd(width)}  ${explanation(definition)}`);
  const usage = ["Usage: countersign", name, rows.length > 0 ? "[flags]" : "", operands ?? ""].filter(
    Boolean,
  );
  const flagText = lines.length > 0 ? `\nFlags:\n${lines.join("\n")}\n` : "";
  return `${summary}\n\n${usage.join(" ")}\n${flagText}\nExample:\n  ${example}\n`;
}

function synopsis(flag: string, { short, type, value }: FlagDefinition): string {
  const letter = short === undefined ? "    " : `-${short}, `;
  return `${letter}--${flag}${type === "boolean" ? "" : ` ${value ?? "TEXT"}`}`;
}

function explanation({ summary, multiple, required, default: fallback, choices }: FlagDefinition): string {
  const notes = [
    ...(choices === undefined ? [] : [`one of ${choices.join(", ")}`]),
    ...(required ? ["required"] : []),
    ...(multiple ? ["repeatable"] : []),
    ...(fallback === undefined ? [] : [`default ${fallback}`]),
  ];
  return notes.length === 0 ? summary : `${summary} (${notes.join("; ")})`;
}
