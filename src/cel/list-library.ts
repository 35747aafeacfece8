import { EvaluationError } from "@marcbachmann/cel-js";
import { Duration, UnsignedInt } from "@marcbachmann/cel-js/evaluator";
import { type CelLibrary, celFunction } from "./cel-function.ts";
import { compareValues } from "./cel-order.ts";
import type { CelRuntime } from "./cel-runtime.ts";
import { celEquals, maxInt, minInt } from "./cel-values.ts";
import { durationOf } from "./time-text.ts";

class ListsNamespace {}
class SetsNamespace {}

type List = readonly unknown[];

/** Kubernetes' list library at version 1, cel-go's at version 3 (`sortBy` is a macro) and cel-go's sets. */
export function createListLibrary({ charge }: CelRuntime): CelLibrary {
  const includes = (list: List, item: unknown): boolean => list.some((one) => celEquals(one, item, charge));
  const contains = (_: unknown, list: List, among: List): boolean =>
    among.every((item) => includes(list, item));
  const distinct = (list: List): List => {
    const kept: unknown[] = [];
    for (const one of list) if (!includes(kept, one)) kept.push(one);
    return kept;
  };
  const extreme = (name: string, sign: number) => (list: List) => {
    if (list.length === 0) throw new EvaluationError(`${name} called on empty list`);
    return list.reduce((best, one) => (compareValues(one, best, charge) * sign > 0 ? one : best));
  };
  const every = (list: List): number => list.length;

  return {
    namespaces: {
      lists: { name: "lists.Namespace", valueClass: ListsNamespace },
      sets: { name: "sets.Namespace", valueClass: SetsNamespace },
    },
    functions: [
      celFunction("list.isSorted(): bool", (list: List) =>
        list.every((one, index) => index === 0 || compareValues(list[index - 1], one, charge) <= 0),
      ),
      celFunction("list<A>.min(): A", extreme("min", -1)),
      celFunction("list<A>.max(): A", extreme("max", 1)),
      ...["int", "uint", "double", "google.protobuf.Duration"].map((type) =>
        celFunction(`list<${type}>.sum(): ${type}`, (list: List) => sum(list, type), every),
      ),
      celFunction("list<A>.indexOf(A): int", (list: List, item: unknown) =>
        BigInt(list.findIndex((one) => celEquals(one, item, charge))),
      ),
      celFunction("list<A>.lastIndexOf(A): int", (list: List, item: unknown) =>
        BigInt(list.findLastIndex((one) => celEquals(one, item, charge))),
      ),
      celFunction("dyn.includes(dyn): bool", (target: unknown, item: unknown) =>
        Array.isArray(target) ? includes(target, item) : celEquals(target, item, charge),
      ),
      celFunction("list<A>.slice(int, int): list<A>", slice, every),
      celFunction("list.flatten(): list", (list: List) => flatten(list, 1n, charge)),
      celFunction("list.flatten(int): list", (list: List, depth: bigint) => flatten(list, depth, charge)),
      celFunction("list<A>.sort(): list<A>", (list: List) =>
        list.toSorted((one, other) => compareValues(one, other, charge)),
      ),
      celFunction("list<A>.reverse(): list<A>", (list: List) => list.toReversed(), every),
      celFunction("list<A>.distinct(): list<A>", distinct),
      celFunction("lists.Namespace.range(int): list<int>", range, (_: unknown, size: bigint) =>
        size > 0n ? Number(size) : 0,
      ),
      celFunction("sets.Namespace.contains(list<A>, list<A>): bool", contains),
      celFunction(
        "sets.Namespace.equivalent(list<A>, list<A>): bool",
        (_: unknown, one: List, other: List) => contains(_, one, other) && contains(_, other, one),
      ),
      celFunction("sets.Namespace.intersects(list<A>, list<A>): bool", (_: unknown, one: List, other: List) =>
        one.some((item) => includes(other, item)),
      ),
    ],
  };
}

function range(_: unknown, size: bigint): bigint[] {
  if (size < 0n) throw new EvaluationError(`lists.range: size must be non-negative, got ${size}`);
  return Array.from({ length: Number(size) }, (_item, index) => BigInt(index));
}

function slice(list: List, start: bigint, end: bigint): List {
  if (start < 0n || start > end || end > list.length)
    throw new EvaluationError(`cannot slice(${start}, ${end}), list is length ${list.length}`);
  return list.slice(Number(start), Number(end));
}

function flatten(list: List, depth: bigint, charge: CelRuntime["charge"]): unknown[] {
  if (depth < 0n) throw new EvaluationError("level must be non-negative");
  charge(list.length);
  const result: unknown[] = [];
  for (const one of list)
    if (Array.isArray(one) && depth > 0n)
      for (const item of flatten(one, depth - 1n, charge)) result.push(item);
    else result.push(one);
  return result;
}

function sum(list: List, type: string): unknown {
  if (type === "double") return (list as readonly number[]).reduce((total, one) => total + one, 0);
  const total = list.reduce<bigint>((sofar, one) => sofar + integerOf(one), 0n);
  if (type === "uint") return new UnsignedInt(total);
  if (total > maxInt || total < minInt) throw new EvaluationError("integer overflow");
  return type === "int" ? total : durationOf(total);
}

function integerOf(value: unknown): bigint {
  if (value instanceof Duration) return value.seconds * 1_000_000_000n + BigInt(value.nanos);
  if (value instanceof UnsignedInt) return value.valueOf();
  if (typeof value === "bigint") return value;
  throw new EvaluationError("no such overload: sum of what are no numbers of one type");
}
