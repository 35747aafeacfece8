import { parseArgs } from "node:util";
import { didYouMean } from "../configuration/nearest-name.ts";
import { CountersignError } from "../errors.ts";

/** One flag, as the help prints it and the parser reads it. */
export interface FlagDefinition {
  /** `boolean` takes `--flag`, `--flag=true` and `--flag=false`; `string` needs a value. */
  readonly type: "boolean" | "string";
  readonly summary: string;
  /** What stands for the value in the help, e.g. `NS/NAME`. */
  readonly value?: string;
  /** One letter, e.g. `n` for `-n`. */
  readonly short?: string;
  /** May be given again and again. A flag without it is given once at most. */
  readonly multiple?: true;
  readonly required?: true;
  readonly default?: string;
  /** The only values there are. */
  readonly choices?: readonly string[];
}

export type FlagTable = Readonly<Record<string, FlagDefinition>>;

type FlagValue<Flag extends FlagDefinition> = Flag["type"] extends "boolean"
  ? boolean
  : Flag extends { multiple: true }
    ? readonly string[]
    : Flag extends { required: true } | { default: string }
      ? Choice<Flag>
      : Choice<Flag> | undefined;

type Choice<Flag extends FlagDefinition> = Flag extends { choices: readonly (infer One)[] } ? One : string;

/** What was given: booleans default to false, repeatable flags to an empty list. */
export type FlagValues<Flags extends FlagTable> = { readonly [Name in keyof Flags]: FlagValue<Flags[Name]> };

export interface ParsedFlags<Flags extends FlagTable> {
  readonly flags: FlagValues<Flags>;
  /** What is not a flag, and everything after `--`. */
  readonly operands: readonly string[];
}

/**
 * Reads `--flag value`, `--flag=value`, `-f value`, `-f=value` and `-fvalue`, flags and operands in any order.
 * @throws ERR_USAGE naming the flag: unknown (with the nearest known one), without a value, given twice, missing, or
 * none of its choices.
 */
export function parseFlags<const Flags extends FlagTable>(
  table: Flags,
  args: readonly string[],
): ParsedFlags<Flags> {
  const given: Record<string, boolean | string | string[]> = Object.create(null);
  const operands: string[] = [];
  for (const token of tokenize(table, args)) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind === "option") take(table, given, token);
  }
  for (const [name, flag] of Object.entries(table)) settle(name, flag, given);
  return { flags: given as FlagValues<Flags>, operands };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function tokenize(table: FlagTable, args: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { type, short }]) => [
      name,
      short === undefined ? { type } : { type, short },
    ]),
  );
  // strict would name no flag we could suggest from
  return parseArgs({ args: [...args], options, strict: false, tokens: true, allowPositionals: true }).tokens;
}

function take(
  table: FlagTable,
  given: Record<string, boolean | string | string[]>,
  { name, rawName, value, inlineValue }: OptionToken,
): void {
  const flag = Object.hasOwn(table, name) ? table[name]! : undefined;
  if (flag === undefined) throw usage(`unknown flag ${rawName}${didYouMean(name, Object.keys(table), "--")}`);
  if (flag.multiple === undefined && given[name] !== undefined) throw usage(`--${name} is given twice`);
  if (flag.type === "boolean") {
    given[name] = booleanOf(name, value);
    return;
  }
  if (value === undefined) throw usage(`--${name} needs a value${hint(flag)}`);
  // `--audience --server …` is a forgotten value far more often than a value that starts with a dash
  if (inlineValue === false && value.length > 1 && value.startsWith("-"))
    throw usage(
      `--${name} needs a value${hint(flag)}; one that starts with a dash is written --${name}=${value}`,
    );
  const text = rawName.startsWith("--") ? value : value.replace(/^=/, "");
  if (flag.choices !== undefined && !flag.choices.includes(text))
    throw usage(
      `--${name}=${text}: must be one of ${flag.choices.join(", ")}${didYouMean(text, flag.choices)}`,
    );
  given[name] = flag.multiple === undefined ? text : [...((given[name] as string[]) ?? []), text];
}

function booleanOf(name: string, value: string | undefined): boolean {
  if (value === undefined || value === "true") return true;
  if (value === "false") return false;
  throw usage(`--${name}=${value}: must be true or false`);
}

function settle(name: string, flag: FlagDefinition, given: Record<string, unknown>): void {
  if (given[name] !== undefined) return;
  if (flag.required) throw usage(`--${name} is required${hint(flag)}`);
  given[name] = flag.type === "boolean" ? false : flag.multiple ? [] : flag.default;
}

function hint(flag: FlagDefinition): string {
  return flag.value === undefined ? "" : ` (${flag.value})`;
}

function usage(message: string): CountersignError {
  return new CountersignError("ERR_USAGE", message);
}
