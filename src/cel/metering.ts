import { EvaluationError } from "@marcbachmann/cel-js";
import { Duration } from "@marcbachmann/cel-js/evaluator";
import { chargeForError } from "./absorbed-errors.ts";
import { type CelMacro, type CelNode, childrenOf, type Evaluate, walk } from "./cel-node.ts";
import { compareValues } from "./cel-order.ts";
import type { CelRuntime } from "./cel-runtime.ts";
import { celEquals, maxInt, minInt, shallowCost } from "./cel-values.ts";

/** Upstream's price of a list, a map: what is allocated may be kept. */
const listCost = 10;
const mapCost = 30;

type Handle = (...args: readonly unknown[]) => unknown;

/**
 * Makes every operation of a checked tree charge for itself before it is done, so that no expression can hold the event
 * loop, and replaces those of the engine whose semantics are not CEL's. To be called once, before the first evaluation.
 */
export function meter(root: CelNode, runtime: CelRuntime): void {
  const absorbed = new Set<CelNode>();
  for (const node of walk(root, Number.POSITIVE_INFINITY)) {
    const { alternate, macro } = node.meta;
    if (node.op === "&&" || node.op === "||") for (const operand of childrenOf(node)) absorbed.add(operand);
    // every step of a quantifier is a conditional
    const caught = absorbed.has(node) || node.op === "?:";
    if (alternate === undefined) meterNode(node, macro, caught, runtime);
    else if (caught) absorbed.add(alternate);
  }
}

function meterNode(node: CelNode, macro: CelMacro | undefined, caught: boolean, runtime: CelRuntime): void {
  const charging = (evaluate: Evaluate, cost: number): Evaluate =>
    charged(caught ? priced(evaluate, node.input, runtime) : evaluate, cost, runtime);
  if (macro !== undefined) macro.evaluate = charging(macro.evaluate, 1);
  else if (node.op === "map") node.setMeta("evaluate", charging(evaluateMap, mapCost));
  else if (node.op !== "value")
    node.setMeta("evaluate", charging(node.meta.evaluate, node.op === "list" ? listCost : 1));
  if (node.handle !== undefined) node.handle = meteredHandle(node.op, node.handle, runtime);
}

function charged(evaluate: Evaluate, cost: number, { charge }: CelRuntime): Evaluate {
  return (evaluator, node, context) => {
    charge(cost);
    return evaluate(evaluator, node, context);
  };
}

function priced(evaluate: Evaluate, expression: string, runtime: CelRuntime): Evaluate {
  return (evaluator, node, context) => {
    try {
      return evaluate(evaluator, node, context);
    } catch (error) {
      chargeForError(error, expression, runtime);
      throw error;
    }
  };
}

function meteredHandle(op: string, handle: Handle, runtime: CelRuntime): Handle {
  const { charge } = runtime;
  switch (op) {
    case "==":
      return (left, right) => celEquals(left, right, charge);
    case "!=":
      return (left, right) => !celEquals(left, right, charge);
    case "in":
      return (item, among) => contains(item, among, charge);
    case "+":
      return (left, right, ...rest) => {
        charge(shallowCost(left) + shallowCost(right));
        return handle(left, right, ...rest);
      };
    case "<":
    case "<=":
    case ">":
    case ">=":
      return (left, right, ...rest) => {
        if (Number.isNaN(left) || Number.isNaN(right))
          throw new EvaluationError("NaN values cannot be ordered");
        const order = isOrderedByUs(left, right) ? compareValues(left, right, charge) : undefined;
        return order === undefined ? handle(left, right, ...rest) : orderings[op](order);
      };
    case "/":
    case "-_":
      return (...args) => int64(handle(...args));
    case "comprehension":
      return (items, ...rest) => {
        // the engine copies the keys of a map before the first step
        if (items instanceof Map) charge(items.size);
        return handle(items, ...rest);
      };
    default:
      return handle;
  }
}

const orderings = {
  "<": (order: number): boolean => order < 0,
  "<=": (order: number): boolean => order <= 0,
  ">": (order: number): boolean => order > 0,
  ">=": (order: number): boolean => order >= 0,
};

/** The engine orders strings by UTF-16 unit, and durations to the precision of a double. */
function isOrderedByUs(left: unknown, right: unknown): boolean {
  return (
    (typeof left === "string" && typeof right === "string") ||
    (left instanceof Duration && right instanceof Duration) ||
    (left instanceof Uint8Array && right instanceof Uint8Array)
  );
}

function contains(item: unknown, among: unknown, charge: CelRuntime["charge"]): boolean {
  // numbers are keys by their value, whatever their type; those of a literal are int
  if (among instanceof Map)
    return among.has(item) || (Number.isInteger(item) && among.has(BigInt(item as number)));
  if (Array.isArray(among)) return among.some((one) => celEquals(item, one, charge));
  throw new EvaluationError("no such overload: in, of what is neither a list nor a map");
}

/** The engine looks at the range of sums and products only. */
function int64(value: unknown): unknown {
  if (typeof value !== "bigint" || (value >= minInt && value <= maxInt)) return value;
  throw new EvaluationError("integer overflow");
}

interface Evaluator {
  run(node: CelNode, context: unknown): unknown;
}

/** The engine's map literals are plain objects: their keys would be strings, and some names would be lost. */
const evaluateMap: Evaluate = (evaluator, node, context) => {
  const result = new Map<unknown, unknown>();
  for (const [key, value] of node.args as readonly (readonly [CelNode, CelNode])[]) {
    const name = (evaluator as Evaluator).run(key, context);
    result.set(name, (evaluator as Evaluator).run(value, context));
  }
  return result;
};
