import { type Environment, EvaluationError } from "@marcbachmann/cel-js";
import { chargeForError } from "./absorbed-errors.ts";
import type { CelMacro, CelNode, CheckedType } from "./cel-node.ts";
import { compareValues } from "./cel-order.ts";
import type { CelRuntime } from "./cel-runtime.ts";

/** The engine's side of a macro, with what its declarations leave out. */
export interface MacroChecker {
  readonly registry: {
    getListType(item: CheckedType): CheckedType;
    getMapType(key: CheckedType, value: CheckedType): CheckedType;
    getOptionalType(value: CheckedType): CheckedType;
  };
  check(node: CelNode, context: unknown): CheckedType;
  getType(name: string): CheckedType;
  createError(code: string, message: string, node: CelNode): Error;
}

export interface MacroEvaluator {
  run(node: CelNode, context: unknown): unknown;
}

export interface MacroContext {
  forkWithVariable(name: string, type: CheckedType): MacroContext;
  reuse(parent: MacroContext): MacroContext;
  setIterValue(value: unknown, evaluator: MacroEvaluator): MacroContext;
}

export interface MacroCall {
  readonly receiver: CelNode;
  readonly args: readonly CelNode[];
}

/** One evaluation of a macro: its steps, each of which binds the variables, and its operands. */
interface Loop {
  steps(): Iterable<Entry>;
  evaluate(operand: number): unknown;
  readonly expression: string;
  charge: CelRuntime["charge"];
}

type Entry = readonly [key: unknown, value: unknown];

interface ComprehensionMacro {
  readonly name: string;
  readonly variables: 1 | 2;
  /** What each operand has to be; the last one's type is what `resultType` is given. */
  readonly operands: readonly ("bool" | "dyn")[];
  resultType(checker: MacroChecker, range: CheckedType, operand: CheckedType): CheckedType;
  run(loop: Loop): unknown;
}

const bool: ComprehensionMacro["resultType"] = (checker) => checker.getType("bool");
const list: ComprehensionMacro["resultType"] = (checker, _range, operand) =>
  checker.registry.getListType(operand);
const mapOfKeys: ComprehensionMacro["resultType"] = (checker, range, operand) =>
  checker.registry.getMapType(variableTypes(checker, range).key, operand);
const operandItself: ComprehensionMacro["resultType"] = (_checker, _range, operand) => operand;
const rangeItself: ComprehensionMacro["resultType"] = (_checker, range) => range;

const macros: readonly ComprehensionMacro[] = [
  macro("all", 2, ["bool"], bool, (loop) => quantify(loop, false)),
  macro("exists", 2, ["bool"], bool, (loop) => quantify(loop, true)),
  macro("exists_one", 2, ["bool"], bool, existsOne),
  macro("existsOne", 2, ["bool"], bool, existsOne),
  macro("transformList", 2, ["dyn"], list, (loop) => transformList(loop, false)),
  macro("transformList", 2, ["bool", "dyn"], list, (loop) => transformList(loop, true)),
  macro("transformMap", 2, ["dyn"], mapOfKeys, (loop) => transformMap(loop, false)),
  macro("transformMap", 2, ["bool", "dyn"], mapOfKeys, (loop) => transformMap(loop, true)),
  macro("transformMapEntry", 2, ["dyn"], operandItself, (loop) => transformMapEntry(loop, false)),
  macro("transformMapEntry", 2, ["bool", "dyn"], operandItself, (loop) => transformMapEntry(loop, true)),
  macro("sortBy", 1, ["dyn"], rangeItself, sortBy),
];

function macro(
  name: string,
  variables: 1 | 2,
  operands: ComprehensionMacro["operands"],
  resultType: ComprehensionMacro["resultType"],
  run: ComprehensionMacro["run"],
): ComprehensionMacro {
  return { name, variables, operands, resultType, run };
}

/** Registers the macros over lists and maps that the engine does not have: cel-go's of two variables, and `sortBy`. */
export function registerComprehensionMacros(environment: Environment, runtime: CelRuntime): void {
  for (const one of macros) {
    const args = Array.from({ length: one.variables + one.operands.length }, () => "ast").join(", ");
    environment.registerFunction(`dyn.${one.name}(${args}): dyn`, (call: MacroCall) =>
      expand(one, call, runtime),
    );
  }
}

function expand(
  definition: ComprehensionMacro,
  { receiver, args }: MacroCall,
  runtime: CelRuntime,
): CelMacro {
  const { variables, operands, resultType, run } = definition;
  const names = args.slice(0, variables);
  const nodes = args.slice(variables);
  let bound: readonly MacroContext[] = [];
  return {
    operands: [receiver, ...nodes],
    typeCheck(checker: MacroChecker, _macro: CelMacro, context: MacroContext): CheckedType {
      const range = checker.check(receiver, context);
      bound = bindTypes(checker, definition, names, { range, receiver, context });
      const inner = bound.at(-1);
      const types = nodes.map((node, index) => {
        const type = checker.check(node, inner);
        if (operands[index] === "bool" && type.kind !== "dyn" && type.name !== "bool")
          throw checker.createError("invalid_condition_type", `${definition.name}() takes a bool`, node);
        return type;
      });
      return resultType(checker, range, types.at(-1) as CheckedType);
    },
    evaluate(evaluator: unknown, _macro: unknown, context: unknown): unknown {
      const engine = evaluator as MacroEvaluator;
      const range = engine.run(receiver, context);
      const contexts = bindContexts(bound, context as MacroContext);
      return run({
        charge: runtime.charge,
        expression: receiver.input,
        evaluate: (operand) => engine.run(nodes[operand] as CelNode, contexts.at(-1)),
        *steps() {
          for (const entry of entriesOf(range)) {
            runtime.charge(1);
            const values = variables === 2 ? entry : [Array.isArray(range) ? entry[1] : entry[0]];
            contexts.forEach((one, index) => {
              one.setIterValue(values[index], engine);
            });
            yield entry;
          }
        },
      });
    },
    async: false,
  } as CelMacro;
}

function bindTypes(
  checker: MacroChecker,
  { name, variables }: ComprehensionMacro,
  names: readonly CelNode[],
  over: { readonly range: CheckedType; readonly receiver: CelNode; readonly context: MacroContext },
): readonly MacroContext[] {
  const { range, receiver, context } = over;
  if (range.kind !== "dyn" && range.kind !== "list" && range.kind !== "map")
    throw checker.createError(
      "invalid_comprehension_range",
      `${name}() has no range over ${range.name}`,
      receiver,
    );
  const { key, value } = variableTypes(checker, range);
  const types = variables === 2 ? [key, value] : [range.kind === "map" ? key : value];
  const contexts: MacroContext[] = [];
  for (const [index, node] of names.entries()) {
    if (node.op !== "id") throw checker.createError("invalid_macro_argument", "variable expected", node);
    const type = types[index] as CheckedType;
    contexts.push((contexts.at(-1) ?? context).forkWithVariable(String(node.args), type));
  }
  return contexts;
}

function variableTypes(checker: MacroChecker, range: CheckedType): Record<"key" | "value", CheckedType> {
  const dyn = checker.getType("dyn");
  const key = range.kind === "list" ? checker.getType("int") : (range.keyType ?? dyn);
  return { key, value: range.valueType ?? dyn };
}

function bindContexts(bound: readonly MacroContext[], parent: MacroContext): readonly MacroContext[] {
  let outer = parent;
  return bound.map((one) => {
    outer = one.reuse(outer);
    return outer;
  });
}

function* entriesOf(range: unknown): Iterable<Entry> {
  if (range instanceof Map) yield* range.entries();
  else if (Array.isArray(range)) for (let i = 0; i < range.length; i++) yield [BigInt(i), range[i]];
  else throw new EvaluationError("no such overload: comprehension over neither a list nor a map");
}

function condition(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new EvaluationError("no such overload: predicate is not a bool");
}

/** An error counts only where no step decides, as with `&&` and `||`. */
function quantify(loop: Loop, decisive: boolean): boolean {
  const failures: unknown[] = [];
  for (const _ of loop.steps())
    try {
      if (condition(loop.evaluate(0)) === decisive) return decisive;
    } catch (error) {
      chargeForError(error, loop.expression, loop);
      failures[0] ??= error;
    }
  if (failures.length > 0) throw failures[0];
  return !decisive;
}

function existsOne(loop: Loop): boolean {
  let found = 0;
  for (const _ of loop.steps()) if (condition(loop.evaluate(0))) found++;
  return found === 1;
}

/** What is kept, in a map most of all, costs as much as some operations. */
const entryCost = 4;

function* kept(loop: Loop, filtered: boolean): Iterable<readonly [key: unknown, result: unknown]> {
  for (const [key] of loop.steps())
    if (!filtered || condition(loop.evaluate(0))) {
      loop.charge(entryCost);
      yield [key, loop.evaluate(filtered ? 1 : 0)];
    }
}

function transformList(loop: Loop, filtered: boolean): unknown[] {
  return Array.from(kept(loop, filtered), ([, result]) => result);
}

function transformMap(loop: Loop, filtered: boolean): Map<unknown, unknown> {
  return new Map(kept(loop, filtered));
}

function transformMapEntry(loop: Loop, filtered: boolean): Map<unknown, unknown> {
  const result = new Map<unknown, unknown>();
  for (const [, entries] of kept(loop, filtered)) {
    if (!(entries instanceof Map)) throw new EvaluationError("transformMapEntry() takes a map");
    loop.charge(entries.size);
    for (const [key, value] of entries) {
      if (result.has(key)) throw new EvaluationError(`insert failed: key ${String(key)} already exists`);
      result.set(key, value);
    }
  }
  return result;
}

function sortBy(loop: Loop): unknown[] {
  const keyed = Array.from(loop.steps(), ([, item]) => ({ item, key: loop.evaluate(0) }));
  return keyed.sort((one, other) => compareValues(one.key, other.key, loop.charge)).map(({ item }) => item);
}
