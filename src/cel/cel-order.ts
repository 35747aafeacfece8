import { EvaluationError } from "@marcbachmann/cel-js";
import { Duration, UnsignedInt } from "@marcbachmann/cel-js/evaluator";
import { traversal } from "./cel-values.ts";

/**
 * Orders two values of one type, as lists are sorted: negative, zero or positive. Strings by code point, as Go's bytes.
 * @throws EvaluationError where values have no order.
 */
export function compareValues(one: unknown, other: unknown, charge: (units: number) => void): number {
  charge(1);
  if (typeof one === "string" && typeof other === "string") {
    charge(Math.min(traversal(one), traversal(other)));
    return compareStrings(one, other);
  }
  if (one instanceof Uint8Array && other instanceof Uint8Array) {
    charge(Math.min(traversal(one), traversal(other)));
    return Buffer.compare(one, other);
  }
  const [left, right] = [orderable(one), orderable(other)];
  if (left === undefined || right === undefined || typeof one !== typeof other)
    throw new EvaluationError("no such overload: values have no order");
  return left < right ? -1 : left > right ? 1 : 0;
}

function orderable(value: unknown): number | bigint | undefined {
  if (typeof value === "bigint" || typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value instanceof UnsignedInt) return value.valueOf();
  if (value instanceof Date) return value.getTime();
  return value instanceof Duration ? value.seconds * 1_000_000_000n + BigInt(value.nanos) : undefined;
}

/** UTF-16 order differs from that of UTF-8 only where a surrogate meets a unit above the surrogates. */
export function compareStrings(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let i = 0; i < length; i++) {
    const [left, right] = [one.charCodeAt(i), other.charCodeAt(i)];
    if (left === right) continue;
    // a surrogate pair stands for more than any single unit
    if (isSurrogate(left) !== isSurrogate(right)) return isSurrogate(left) ? 1 : -1;
    return left - right;
  }
  return one.length - other.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}
