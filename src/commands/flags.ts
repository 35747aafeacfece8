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
 * Reads `--flag value`, `--flag=value`, `-f value`, `-f=value` and `-fvalue`, flags and operands in any order. By hand:
 * `util.parseArgs` costs half a millisecond of the 25 that the credential plugin takes, and suggests nothing.
 *
 * @throws ERR_USAGE naming the flag: unknown (with the nearest known one), without a value, given twice, missing, or
 * none of its choices.
 */
export function parseFlags<const Flags extends FlagTable>(
  table: Flags,
  args: readonly string[],
): ParsedFlags<Flags> {
  const given: GivenFlags = Object.create(null);
  const operands: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--") operands.push(...rest.splice(0));
    else if (arg.startsWith("--")) takeLong(table, given, arg, rest);
    else if (arg.startsWith("-") && arg !== "-") takeLetters(table, given, arg.slice(1), rest);
    else operands.push(arg);
  }
  for (const [name, flag] of Object.entries(table)) settle(name, flag, given);
  return { flags: given as FlagValues<Flags>, operands };
}

type GivenFlags = Record<string, boolean | string | string[]>;

/** `--name`, `--name=value`, or `--name value`. */
function takeLong(table: FlagTable, given: GivenFlags, arg: string, rest: string[]): void {
  const equals = arg.indexOf("=");
  const name = equals === -1 ? arg.slice(2) : arg.slice(2, equals);
  const flag = Object.hasOwn(table, name) ? table[name] : undefined;
  if (flag === undefined) throw usage(`unknown flag --${name}${didYouMean(name, Object.keys(table), "--")}`);
  const inline = equals === -1 ? undefined : arg.slice(equals + 1);
  give(name, flag, given, inline ?? (flag.type === "string" ? following(name, flag, rest) : undefined));
}

/** `-x`, `-xy` for two booleans, `-xvalue`, `-x=value` or `-x value`. */
function takeLetters(table: FlagTable, given: GivenFlags, letters: string, rest: string[]): void {
  const [letter, after] = [letters.slice(0, 1), letters.slice(1)];
  const [name, flag] = Object.entries(table).find(([, { short }]) => short === letter) ?? [];
  if (name === undefined || flag === undefined) throw usage(`unknown flag -${letter}`);
  if (flag.type === "boolean" && !after.startsWith("=")) {
    give(name, flag, given, undefined);
    if (after !== "") takeLetters(table, given, after, rest);
  } else give(name, flag, given, after === "" ? following(name, flag, rest) : after.replace(/^=/, ""));
}

/** The next argument. `--audience --server …` is a forgotten value far more often than a value that starts with a dash. */
function following(name: string, flag: FlagDefinition, rest: string[]): string {
  const value = rest.shift();
  if (value === undefined) throw usage(`--${name} needs a value${hint(flag)}`);
  if (value.startsWith("-") && value !== "-")
    throw usage(
      `--${name} needs a value${hint(flag)}; one that starts with a dash is written --${name}=${value}`,
    );
  return value;
}

function give(name: string, flag: FlagDefinition, given: GivenFlags, value: string | undefined): void {
  if (flag.multiple === undefined && given[name] !== undefined) throw usage(`--${name} is given twice`);
  if (flag.type === "boolean") {
    given[name] = booleanOf(name, value);
    return;
  }
  const text = value ?? "";
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
