import { EvaluationError } from "@marcbachmann/cel-js";
import { Duration, UnsignedInt } from "@marcbachmann/cel-js/evaluator";
import { compareStrings } from "./cel-order.ts";
import { traversal } from "./cel-values.ts";
import { formatDouble, formatFixed, formatScientific } from "./double-text.ts";

/** Go's strconv and fmt print no more; cel-go's clauses take no more either. */
const maxPrecision = 100;

/** How many arguments a text takes. @throws EvaluationError for a clause that there is none of. */
export function countClauses(text: string): number {
  let count = 0;
  for (const [whole, rest, , verb] of text.matchAll(clause)) {
    if (rest === "%") continue;
    if (verb === undefined || !"sdbofexX".includes(verb))
      throw new EvaluationError(`unrecognized formatting clause in ${whole}`);
    count++;
  }
  return count;
}

const clause = /%(%|(?:\.([0-9]{1,9}))?([a-zA-Z]))?/g;

/**
 * `text.format(args)`: `%s`, `%d`, `%f`, `%e`, `%b`, `%o`, `%x`, `%X` and `%%`, with a precision for `%f` and `%e`.
 * @throws EvaluationError for another clause, an argument of another type, or not as many arguments as clauses.
 */
export function formatString(
  text: string,
  args: readonly unknown[],
  charge: (units: number) => void,
): string {
  charge(traversal(text));
  let next = 0;
  const result = text.replace(clause, (whole, rest?: string, precision?: string, verb?: string) => {
    if (rest === undefined) throw new EvaluationError(`unrecognized formatting clause in ${whole}`);
    if (rest === "%") return "%";
    if (next >= args.length) throw new EvaluationError(`index ${next} out of range`);
    const piece = formatArgument(verb as string, precision, args[next++], charge);
    charge(traversal(piece));
    return piece;
  });
  if (next < args.length) throw new EvaluationError(`too many arguments supplied to string.format`);
  return result;
}

function formatArgument(
  verb: string,
  precision: string | undefined,
  value: unknown,
  charge: (units: number) => void,
): string {
  switch (verb) {
    case "s":
      return formatValue(value, charge);
    case "d":
      return integer(verb, value, 10);
    case "b":
      return typeof value === "boolean" ? (value ? "1" : "0") : integer(verb, value, 2);
    case "o":
      return integer(verb, value, 8);
    case "x":
      return hexadecimal(value);
    case "X":
      return hexadecimal(value).toUpperCase();
    case "f":
      return real(value, formatFixed, precision);
    case "e":
      return real(value, formatScientific, precision);
    default:
      throw new EvaluationError(`unrecognized formatting clause "${verb}"`);
  }
}

function integer(verb: string, value: unknown, radix: number): string {
  if (typeof value === "bigint") return value.toString(radix);
  if (value instanceof UnsignedInt) return value.valueOf().toString(radix);
  throw new EvaluationError(`%${verb} takes an integer`);
}

function hexadecimal(value: unknown): string {
  if (typeof value === "string") return Buffer.from(value, "utf8").toString("hex");
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : integer("x", value, 16);
}

function real(
  value: unknown,
  print: (number: number, digits: number) => string,
  precision: string | undefined,
): string {
  if (typeof value !== "number") throw new EvaluationError("%f and %e take a double");
  const digits = precision === undefined ? 6 : Number(precision);
  if (digits > maxPrecision) throw new EvaluationError(`precision ${digits} exceeds ${maxPrecision}`);
  return print(value, digits);
}

/** Within a list or map, texts are quoted and times written as calls, so that it reads as CEL. */
function formatValue(value: unknown, charge: (units: number) => void, nested = false): string {
  charge(1);
  if (typeof value === "string") {
    charge(traversal(value));
    return nested ? JSON.stringify(value) : value;
  }
  if (typeof value === "number") return nested ? formatFixed(value, 6) : formatDouble(value);
  if (Array.isArray(value)) return `[${value.map((item) => formatValue(item, charge, true)).join(", ")}]`;
  if (value instanceof Map) return `{${formatEntries(value, charge).join(", ")}}`;
  return formatScalar(value, nested);
}

function formatScalar(value: unknown, nested: boolean): string {
  if (typeof value === "bigint" || typeof value === "boolean" || value === null) return String(value);
  if (value instanceof UnsignedInt) return value.valueOf().toString();
  if (value instanceof Uint8Array) {
    const text = Buffer.from(value).toString("utf8");
    return nested ? `b${JSON.stringify(text)}` : text;
  }
  if (value instanceof Date)
    return nested ? `timestamp(${JSON.stringify(formatTimestamp(value))})` : formatTimestamp(value);
  if (value instanceof Duration)
    return nested ? `duration(${JSON.stringify(formatDuration(value))})` : formatDuration(value);
  if (Object.prototype.toString.call(value).startsWith("[object Type<"))
    return (value as { name: string }).name;
  throw new EvaluationError("%s takes no value of this type");
}

function formatEntries(map: ReadonlyMap<unknown, unknown>, charge: (units: number) => void): string[] {
  return Array.from(map, ([key, value]) => [formatValue(key, charge, true), formatValue(value, charge, true)])
    .sort(([one = ""], [other = ""]) => compareStrings(one, other))
    .map((entry) => entry.join(":"));
}

/** RFC 3339 with as many decimals as there are. */
export function formatTimestamp(time: Date): string {
  return time
    .toISOString()
    .replace(/(\.[0-9]*?)0*Z$/, (_, decimals) => `${decimals === "." ? "" : decimals}Z`);
}

/** Seconds with as many decimals as there are. */
export function formatDuration({ seconds, nanos }: Duration): string {
  const total = seconds * 1_000_000_000n + BigInt(nanos);
  const [sign, amount] = total < 0n ? ["-", -total] : ["", total];
  const fraction = String(amount % 1_000_000_000n)
    .padStart(9, "0")
    .replace(/0+$/, "");
  return `${sign}${amount / 1_000_000_000n}${fraction === "" ? "" : `.${fraction}`}s`;
}
