import { EvaluationError } from "@marcbachmann/cel-js";
import { type Duration, UnsignedInt } from "@marcbachmann/cel-js/evaluator";
import { type CelLibrary, celFunction } from "./cel-function.ts";
import { maxInt, minInt, traversal } from "./cel-values.ts";
import { formatDouble } from "./double-text.ts";
import { formatDuration, formatTimestamp } from "./string-format.ts";
import { parseDuration, parseTimestamp } from "./time-text.ts";

const identity = (value: unknown): unknown => value;
const textCost = (text: string): number => traversal(text);

/** `int`, `uint`, `double`, `bool`, `string`, `bytes`, `timestamp`, `duration` and `size`. */
export const conversionLibrary: CelLibrary = {
  functions: [
    celFunction("int(int): int", identity),
    celFunction("int(uint): int", (value: UnsignedInt) => toInt(value.valueOf())),
    celFunction("int(double): int", doubleToInt),
    celFunction("int(string): int", (text: string) => toInt(integerOf(text, /^[+-]?[0-9]{1,20}$/)), textCost),
    celFunction("int(google.protobuf.Timestamp): int", (time: Date) =>
      BigInt(Math.floor(time.getTime() / 1000)),
    ),
    celFunction(
      "int(google.protobuf.Duration): int",
      ({ seconds, nanos }: Duration) => seconds * 1_000_000_000n + BigInt(nanos),
    ),
    celFunction("uint(uint): uint", identity),
    celFunction("uint(int): uint", toUint),
    celFunction("uint(double): uint", (value: number) => toUint(truncated(value))),
    celFunction("uint(string): uint", (text: string) => toUint(integerOf(text, /^[0-9]{1,20}$/)), textCost),
    celFunction("double(double): double", identity),
    celFunction("double(int): double", Number),
    celFunction("double(uint): double", (value: UnsignedInt) => Number(value.valueOf())),
    celFunction("double(string): double", doubleOf, textCost),
    celFunction("bool(bool): bool", identity),
    celFunction("bool(string): bool", boolOf),
    celFunction("bytes(bytes): bytes", identity),
    celFunction(
      "bytes(string): bytes",
      (text: string) => new Uint8Array(Buffer.from(text, "utf8")),
      textCost,
    ),
    celFunction("string(string): string", identity),
    celFunction("string(bool): string", String),
    celFunction("string(int): string", String),
    celFunction("string(uint): string", (value: UnsignedInt) => value.valueOf().toString()),
    celFunction("string(double): string", formatDouble),
    celFunction("string(bytes): string", utf8, (bytes: Uint8Array) => traversal(bytes)),
    celFunction("string(google.protobuf.Timestamp): string", formatTimestamp),
    celFunction("string(google.protobuf.Duration): string", formatDuration),
    celFunction("timestamp(google.protobuf.Timestamp): google.protobuf.Timestamp", identity),
    celFunction("timestamp(string): google.protobuf.Timestamp", parseTimestamp),
    celFunction("timestamp(int): google.protobuf.Timestamp", secondsToTimestamp),
    celFunction("duration(google.protobuf.Duration): google.protobuf.Duration", identity),
    celFunction("duration(string): google.protobuf.Duration", parseDuration, textCost),
    ...sizes(),
  ],
  literalChecks: { "call:timestamp": parseTimestamp, "call:duration": parseDuration },
};

function sizes(): CelLibrary["functions"] {
  const sizeOf = (
    value: string | Uint8Array | readonly unknown[] | ReadonlyMap<unknown, unknown>,
  ): bigint => {
    if (typeof value === "string") return codePoints(value);
    return BigInt("size" in value ? value.size : value.length);
  };
  const cost = (value: unknown): number => (typeof value === "string" ? traversal(value) : 0);
  return ["string", "bytes", "list", "map"].flatMap((type) => [
    celFunction(`size(${type}): int`, sizeOf, cost),
    celFunction(`${type}.size(): int`, sizeOf, cost),
  ]);
}

function codePoints(text: string): bigint {
  let count = 0;
  for (const _ of text) count++;
  return BigInt(count);
}

function integerOf(text: string, syntax: RegExp): bigint {
  if (!syntax.test(text)) throw new EvaluationError("type conversion error: not an integer");
  return BigInt(text.replace("+", ""));
}

function toInt(value: bigint): bigint {
  if (value > maxInt || value < minInt) throw new EvaluationError("integer overflow");
  return value;
}

function toUint(value: bigint): UnsignedInt {
  if (value < 0n || value > 2n ** 64n - 1n) throw new EvaluationError("unsigned integer overflow");
  return new UnsignedInt(value);
}

function truncated(value: number): bigint {
  if (!Number.isFinite(value)) throw new EvaluationError("integer overflow");
  return BigInt(Math.trunc(value));
}

function doubleToInt(value: number): bigint {
  return toInt(truncated(value));
}

/** Go's strconv.ParseFloat, without its hexadecimal floats and underscores. */
function doubleOf(text: string): number {
  if (/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(text)) return Number(text);
  if (/^nan$/i.test(text)) return Number.NaN;
  if (!/^[+-]?inf(inity)?$/i.test(text)) throw new EvaluationError("type conversion error: not a number");
  return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function boolOf(text: string): boolean {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(text)) return false;
  throw new EvaluationError("type conversion error: not a bool");
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new EvaluationError("invalid UTF-8 in bytes, cannot convert to string", undefined, error);
  }
}

function secondsToTimestamp(seconds: bigint): Date {
  // the years 1 to 9999, as protobuf's
  if (seconds < -62_135_596_800n || seconds > 253_402_300_799n)
    throw new EvaluationError("timestamp overflow");
  return new Date(Number(seconds) * 1000);
}
