import { EvaluationError } from "@marcbachmann/cel-js";
import { type CelLibrary, celFunction } from "./cel-function.ts";
import type { CelRuntime } from "./cel-runtime.ts";
import { traversal } from "./cel-values.ts";
import { formatString } from "./string-format.ts";

class StringsNamespace {}

const once = (text: string): number => traversal(text);
const twice = (text: string): number => 2 * traversal(text);
const product = (text: string, other: string): number => traversal(text) * Math.max(1, traversal(other));

/**
 * CEL's own string functions and cel-go's extension at version 2, the one Kubernetes turns on. Positions count code
 * points, as Go's runes.
 */
export function createStringLibrary({ charge }: CelRuntime): CelLibrary {
  return {
    namespaces: { strings: { name: "strings.Namespace", valueClass: StringsNamespace } },
    functions: [
      ...searches,
      ...changes,
      celFunction("list<string>.join(): string", (items: readonly unknown[]) => join(items, ""), joinCost),
      celFunction("list<string>.join(string): string", join, joinCost),
      celFunction("string.format(list): string", (text: string, args: readonly unknown[]) =>
        formatString(text, args, charge),
      ),
      celFunction(
        "strings.Namespace.quote(string): string",
        (_: unknown, text: string) => quote(text),
        (_, text: string) => traversal(text),
      ),
    ],
  };
}

const searches: CelLibrary["functions"] = [
  celFunction(
    "string.startsWith(string): bool",
    (text: string, start: string) => text.startsWith(start),
    product,
  ),
  celFunction("string.endsWith(string): bool", (text: string, end: string) => text.endsWith(end), product),
  celFunction("string.contains(string): bool", (text: string, part: string) => text.includes(part), product),
  celFunction("string.charAt(int): string", charAt, once),
  celFunction(
    "string.indexOf(string): int",
    (text: string, part: string) => indexOf(text, part, 0n),
    product,
  ),
  celFunction("string.indexOf(string, int): int", indexOf, product),
  celFunction(
    "string.lastIndexOf(string): int",
    (text: string, part: string) => lastIndexOf(text, part, undefined),
    product,
  ),
  celFunction("string.lastIndexOf(string, int): int", lastIndexOf, product),
];

const changes: CelLibrary["functions"] = [
  celFunction("string.lowerAscii(): string", lowerAscii, once),
  celFunction("string.upperAscii(): string", upperAscii, once),
  celFunction("string.trim(): string", trim, once),
  celFunction("string.substring(int): string", (text: string, start: bigint) => substring(text, start), once),
  celFunction("string.substring(int, int): string", substring, once),
  celFunction(
    "string.split(string): list<string>",
    (text: string, by: string) => split(text, by, -1n),
    twice,
  ),
  celFunction("string.split(string, int): list<string>", split, twice),
  celFunction(
    "string.replace(string, string): string",
    (text: string, from: string, to: string) => replace(text, from, to, -1n),
    replaceCost,
  ),
  celFunction("string.replace(string, string, int): string", replace, replaceCost),
];

function charAt(text: string, index: bigint): string {
  const points = [...text];
  if (index < 0n || index > points.length) throw new EvaluationError(`index out of range: ${index}`);
  return points[Number(index)] ?? "";
}

/** Code points before a UTF-16 position. */
function pointsBefore(text: string, position: number): bigint {
  let count = 0n;
  for (const _ of text.slice(0, position)) count++;
  return count;
}

/** The UTF-16 position of a code point; the length for the one after the last. */
function positionOf(text: string, index: bigint, what = "index"): number {
  if (index < 0n) throw new EvaluationError(`${what} out of range: ${index}`);
  let position = 0;
  let count = 0n;
  for (const point of text) {
    if (count === index) return position;
    position += point.length;
    count++;
  }
  if (count === index) return position;
  throw new EvaluationError(`${what} out of range: ${index}`);
}

/** Past the end of the text nothing is found, but that which is nothing. */
function indexOf(text: string, part: string, from: bigint): bigint {
  const length = pointsBefore(text, text.length);
  if (part === "") return from > length ? length : from;
  if (from >= length) return -1n;
  const found = text.indexOf(part, positionOf(text, from));
  return found === -1 ? -1n : pointsBefore(text, found);
}

function lastIndexOf(text: string, part: string, from: bigint | undefined): bigint {
  const length = pointsBefore(text, text.length);
  if (part === "") return from === undefined || from > length ? length : from;
  if (from !== undefined && from >= length) return -1n;
  const found = text.lastIndexOf(part, from === undefined ? text.length : positionOf(text, from));
  return found === -1 ? -1n : pointsBefore(text, found);
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function upperAscii(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

/** Go's unicode.IsSpace: what JavaScript trims, without the byte order mark and with NEL. */
function trim(text: string): string {
  const space = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
  let start = 0;
  let end = text.length;
  while (start < end && space.test(text.charAt(start))) start++;
  while (end > start && space.test(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

function substring(text: string, start: bigint, end?: bigint): string {
  if (end !== undefined && start > end)
    throw new EvaluationError(`invalid substring range. start: ${start}, end: ${end}`);
  const from = positionOf(text, start);
  return text.slice(from, end === undefined ? text.length : positionOf(text, end));
}

/** At most `limit` parts, the last one with the rest; negative: all. */
function split(text: string, separator: string, limit: bigint): string[] {
  if (limit === 0n) return [];
  const parts = separator === "" ? [...text] : text.split(separator);
  if (limit < 0n || parts.length <= limit) return parts;
  const kept = Number(limit) - 1;
  return [...parts.slice(0, kept), parts.slice(kept).join(separator)];
}

function replace(text: string, from: string, to: string, limit: bigint): string {
  if (from !== "") {
    const parts = split(text, from, limit < 0n ? -1n : limit + 1n);
    return parts.join(to);
  }
  // as Go: before every code point and after the last one
  let left = limit < 0n ? Number.POSITIVE_INFINITY : Number(limit);
  let result = "";
  for (const point of text) result += left-- > 0 ? to + point : point;
  return left > 0 ? result + to : result;
}

/** The longest the result can be, before it is made. */
function replaceCost(text: string, from: string, to: string): number {
  const most = from === "" ? text.length + 1 : Math.ceil(text.length / from.length);
  return 2 * traversal({ length: text.length + most * to.length });
}

function joinCost(items: readonly unknown[], separator = ""): number {
  let length = items.length * (separator.length + 1);
  for (const item of items) length += typeof item === "string" ? item.length : 0;
  return items.length + 2 * traversal({ length });
}

function join(items: readonly unknown[], separator: string): string {
  if (!items.every((item) => typeof item === "string"))
    throw new EvaluationError("join: every item has to be a string");
  return items.join(separator);
}

/** By the letter's code; cel-go writes all others as they are. */
const escapes = new Map([
  [0x07, "\\a"],
  [0x08, "\\b"],
  [0x09, "\\t"],
  [0x0a, "\\n"],
  [0x0b, "\\v"],
  [0x0c, "\\f"],
  [0x0d, "\\r"],
  [0x22, '\\"'],
  [0x5c, "\\\\"],
]);

function quote(text: string): string {
  return `"${Array.from(text, (letter) => escapes.get(letter.charCodeAt(0)) ?? letter).join("")}"`;
}
