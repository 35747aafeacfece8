import { Optional } from "@marcbachmann/cel-js";
import { Duration, UnsignedInt } from "@marcbachmann/cel-js/evaluator";
import type { JSONValue } from "../admission/json-value.ts";

/** A value type of ours: an address, a quantity, a version. */
export interface CelObject {
  equals(other: unknown): boolean;
}

export const maxInt: bigint = 2n ** 63n - 1n;
export const minInt: bigint = -(2n ** 63n);

/**
 * JSON as CEL sees it: integers are int, other numbers double, objects maps. A `Map`, because the engine looks at the
 * `constructor` member of a plain object, which a ConfigMap may have.
 */
export function toCelValue(value: JSONValue): unknown {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  // as Kubernetes decodes them: what does not fit 64 bits is a float
  if (typeof value === "bigint") return value >= minInt && value <= maxInt ? value : Number(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(toCelValue);
  return new Map(Object.entries(value).map(([name, member]) => [name, toCelValue(member)]));
}

const converted = new WeakMap<object, unknown>();

/** As {@link toCelValue}, once for each object, however many conditions look at it. */
export function toSharedCelValue(value: JSONValue | undefined): unknown {
  if (typeof value !== "object" || value === null) return value === undefined ? null : toCelValue(value);
  let found = converted.get(value);
  if (found === undefined) {
    found = toCelValue(value);
    converted.set(value, found);
  }
  return found;
}

/** What looking at all of a string costs: upstream's factor for traversal. */
export function traversal(text: { readonly length: number }): number {
  return Math.ceil(text.length / 10);
}

/** What reading through a value once costs at least; nested values are charged where they are read. */
export function shallowCost(value: unknown): number {
  if (typeof value === "string" || value instanceof Uint8Array) return traversal(value);
  if (Array.isArray(value)) return value.length;
  return value instanceof Map ? value.size : 0;
}

/**
 * Equality of any two values: numbers by value whatever their type, lists and maps by what they hold, values of
 * different types unequal. Charges for what it compares.
 */
export function celEquals(one: unknown, other: unknown, charge: (units: number) => void): boolean {
  charge(1);
  if (typeof one === "string") {
    if (typeof other !== "string" || one.length !== other.length) return false;
    charge(traversal(one));
    return one === other;
  }
  const number = numberOf(one);
  if (number !== undefined) {
    const otherNumber = numberOf(other);
    // biome-ignore lint/suspicious/noDoubleEquals: a bigint and a number compare exactly only so
    return otherNumber !== undefined && number == otherNumber;
  }
  if (Array.isArray(one)) return Array.isArray(other) && sameItems(one, other, charge);
  if (one instanceof Map) return other instanceof Map && sameEntries(one, other, charge);
  return one === other || sameObjects(one, other, charge);
}

function numberOf(value: unknown): number | bigint | undefined {
  if (typeof value === "number" || typeof value === "bigint") return value;
  return value instanceof UnsignedInt ? value.valueOf() : undefined;
}

function sameItems(
  one: readonly unknown[],
  other: readonly unknown[],
  charge: (units: number) => void,
): boolean {
  return one.length === other.length && one.every((item, index) => celEquals(item, other[index], charge));
}

type CelMap = ReadonlyMap<unknown, unknown>;

function sameEntries(one: CelMap, other: CelMap, charge: (units: number) => void): boolean {
  if (one.size !== other.size) return false;
  for (const [key, value] of one) {
    charge(typeof key === "string" ? traversal(key) : 1);
    if (!other.has(key) || !celEquals(value, other.get(key), charge)) return false;
  }
  return true;
}

function sameObjects(one: unknown, other: unknown, charge: (units: number) => void): boolean {
  if (typeof one !== "object" || one === null || typeof other !== "object" || other === null) return false;
  if (one instanceof Uint8Array) {
    if (!(other instanceof Uint8Array) || one.length !== other.length) return false;
    charge(traversal(one));
    return one.every((byte, index) => byte === other[index]);
  }
  if (one instanceof Date) return other instanceof Date && one.getTime() === other.getTime();
  if (one instanceof Duration)
    return other instanceof Duration && one.seconds === other.seconds && one.nanos === other.nanos;
  if (one instanceof Optional) return other instanceof Optional && sameOptionals(one, other, charge);
  return "equals" in one && typeof one.equals === "function" && (one as CelObject).equals(other);
}

function sameOptionals(one: Optional, other: Optional, charge: (units: number) => void): boolean {
  if (!one.hasValue() || !other.hasValue()) return one.hasValue() === other.hasValue();
  return celEquals(one.value(), other.value(), charge);
}
