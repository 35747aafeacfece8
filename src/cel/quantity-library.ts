import { EvaluationError } from "@marcbachmann/cel-js";
import { type CelLibrary, celFunction } from "./cel-function.ts";
import { maxInt, minInt, traversal } from "./cel-values.ts";
import { nanosPerOne, parseQuantity, Quantity } from "./quantity.ts";

const type = "kubernetes.Quantity";
/** Reading thousands of digits into a bigint takes quadratic time. */
const parseCost = (text: string): number => traversal(text) * Math.max(1, Math.ceil(text.length / 1000));

/** Kubernetes' quantity library (k8s.io/apiserver pkg/cel/library/quantity.go), in exact arithmetic. */
export const quantityLibrary: CelLibrary = {
  types: [{ name: type, valueClass: Quantity, fields: {} }],
  functions: [
    celFunction(`quantity(string): ${type}`, parseQuantity, parseCost),
    celFunction("isQuantity(string): bool", isQuantity, parseCost),
    celFunction(`sign(${type}): int`, ({ nanos }: Quantity) => (nanos > 0n ? 1n : nanos < 0n ? -1n : 0n)),
    celFunction(
      `${type}.isGreaterThan(${type}): bool`,
      (one: Quantity, other: Quantity) => one.nanos > other.nanos,
    ),
    celFunction(
      `${type}.isLessThan(${type}): bool`,
      (one: Quantity, other: Quantity) => one.nanos < other.nanos,
    ),
    celFunction(`${type}.compareTo(${type}): int`, ({ nanos }: Quantity, other: Quantity) =>
      nanos < other.nanos ? -1n : nanos > other.nanos ? 1n : 0n,
    ),
    celFunction(`${type}.asApproximateFloat(): double`, ({ nanos }: Quantity) => Number(nanos) / 1e9),
    celFunction(`${type}.asInteger(): int`, asInteger),
    celFunction(`${type}.isInteger(): bool`, isInteger),
    celFunction(`${type}.add(${type}): ${type}`, (one: Quantity, other: Quantity) => plus(one, 1n, other)),
    celFunction(`${type}.add(int): ${type}`, (one: Quantity, other: bigint) =>
      plus(one, 1n, ofInteger(other)),
    ),
    celFunction(`${type}.sub(${type}): ${type}`, (one: Quantity, other: Quantity) => plus(one, -1n, other)),
    celFunction(`${type}.sub(int): ${type}`, (one: Quantity, other: bigint) =>
      plus(one, -1n, ofInteger(other)),
    ),
  ],
};

function isQuantity(text: string): boolean {
  try {
    parseQuantity(text);
    return true;
  } catch {
    return false;
  }
}

function plus(one: Quantity, sign: bigint, other: Quantity): Quantity {
  return new Quantity(one.nanos + sign * other.nanos, one.integral && other.integral);
}

function ofInteger(value: bigint): Quantity {
  return new Quantity(value * nanosPerOne, true);
}

function isInteger({ nanos, integral }: Quantity): boolean {
  const ones = nanos / nanosPerOne;
  return integral && nanos % nanosPerOne === 0n && ones <= maxInt && ones >= minInt;
}

function asInteger(quantity: Quantity): bigint {
  if (!isInteger(quantity)) throw new EvaluationError("cannot convert value to integer");
  return quantity.nanos / nanosPerOne;
}
