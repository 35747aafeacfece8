import { EvaluationError } from "@marcbachmann/cel-js";
import { Duration, UnsignedInt } from "@marcbachmann/cel-js/evaluator";
import { compareStrings } from "./cel-order.ts";
import { traversal } from "./cel-values.ts";

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

const clause = /%(%|(?:\.([0-9]{0,9}))?([a-zA-Z]))?/g;

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
      return typeof value === "number" && !Number.isFinite(value) ? String(value) : integer(verb, value, 10);
    case "b":
      return typeof value === "boolean" ? (value ? "1" : "0") : integer(verb, value, 2);
    case "o":
      return integer(verb, value, 8);
    case "x":
      return hexadecimal(value);
    case "X":
      return hexadecimal(value).toUpperCase();
    case "f":
      return real(value, (number, digits) => number.toFixed(digits), precision);
    case "e":
      return real(value, exponential, precision);
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
  const number = value instanceof UnsignedInt ? Number(value.valueOf()) : value;
  if (typeof number !== "number" && typeof number !== "bigint")
    throw new EvaluationError("%f and %e take a number");
  const digits = precision === undefined || precision === "" ? 6 : Number(precision);
  if (digits > maxPrecision) throw new EvaluationError(`precision ${digits} exceeds ${maxPrecision}`);
  const double = Number(number);
  return Number.isFinite(double) ? print(double, digits) : formatDouble(double);
}

/** Go writes at least two digits of exponent. */
function exponential(number: number, digits: number): string {
  return number.toExponential(digits).replace(/e([+-])([0-9])$/, "e$10$2");
}

function formatDouble(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  return String(value);
}

function formatValue(value: unknown, charge: (units: number) => void): string {
  charge(1);
  if (typeof value === "string") {
    charge(traversal(value));
    return value;
  }
  if (typeof value === "number") return formatDouble(value);
  if (typeof value === "bigint" || typeof value === "boolean" || value === null) return String(value);
  if (value instanceof UnsignedInt) return value.valueOf().toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
  if (value instanceof Date) return value.toISOString().replace(/\.000Z$/, "Z");
  if (value instanceof Duration) return formatDuration(value);
  if (Array.isArray(value)) return `[${value.map((item) => formatValue(item, charge)).join(", ")}]`;
  if (value instanceof Map) return `{${formatEntries(value, charge).join(", ")}}`;
  throw new EvaluationError("%s takes no value of this type");
}

function formatEntries(map: ReadonlyMap<unknown, unknown>, charge: (units: number) => void): string[] {
  return Array.from(map, ([key, value]) => `${formatValue(key, charge)}: ${formatValue(value, charge)}`).sort(
    compareStrings,
  );
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
