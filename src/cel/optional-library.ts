import { type Environment, EvaluationError, Optional } from "@marcbachmann/cel-js";
import { Duration, UnsignedInt } from "@marcbachmann/cel-js/evaluator";
import { type CelLibrary, celFunction } from "./cel-function.ts";
import type { CelMacro, CelNode, CheckedType } from "./cel-node.ts";
import type { MacroCall, MacroChecker, MacroContext, MacroEvaluator } from "./comprehension-macros.ts";

/** What cel-go's optional types have beside the engine's: `hasValue`, `value`, `or`, `orValue`, `of` and `none`. */
export const optionalLibrary: CelLibrary = {
  functions: [
    celFunction("OptionalNamespace.ofNonZeroValue(A): optional<A>", (_: unknown, value: unknown) =>
      isZero(value) ? Optional.none() : Optional.of(value),
    ),
    celFunction(
      "OptionalNamespace.unwrap(list<optional<A>>): list<A>",
      (_: unknown, list: readonly unknown[]) => unwrap(list),
    ),
    celFunction("list<optional<A>>.unwrapOpt(): list<A>", unwrap, (list: readonly unknown[]) => list.length),
    celFunction("list<A>.first(): optional<A>", (list: readonly unknown[]) => Optional.of(list[0])),
    celFunction("list<A>.last(): optional<A>", (list: readonly unknown[]) => Optional.of(list.at(-1))),
  ],
};

function isZero(value: unknown): boolean {
  if (value instanceof UnsignedInt) return value.valueOf() === 0n;
  if (value instanceof Duration) return value.seconds === 0n && value.nanos === 0;
  if (value instanceof Map) return value.size === 0;
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  return value === null || value === "" || value === false || value === 0n || value === 0;
}

function unwrap(list: readonly unknown[]): unknown[] {
  return list.flatMap((one) => {
    if (!(one instanceof Optional))
      throw new EvaluationError("no such overload: unwrap of what is no optional");
    return one.hasValue() ? [one.value()] : [];
  });
}

/** Registers `optMap(variable, value)`, `optFlatMap(variable, optional)` and that optionals can be compared. */
export function registerOptionals(environment: Environment): void {
  environment.registerOperator("optional<V> == optional<V>", () => false);
  environment.registerFunction("optional.optMap(ast, ast): dyn", (call: MacroCall) => expand(call, false));
  environment.registerFunction("optional.optFlatMap(ast, ast): dyn", (call: MacroCall) => expand(call, true));
}

function expand({ receiver, args }: MacroCall, flat: boolean): CelMacro {
  const [variable, body] = args as [CelNode, CelNode];
  let bound: MacroContext | undefined;
  return {
    operands: [receiver, body],
    typeCheck(checker: MacroChecker, _macro: CelMacro, context: MacroContext): CheckedType {
      if (variable.op !== "id")
        throw checker.createError("invalid_macro_argument", "variable expected", variable);
      const type = checker.check(receiver, context);
      if (type.kind !== "optional" && type.kind !== "dyn")
        throw checker.createError("optional_expected", `optional expected, not ${type.name}`, receiver);
      bound = context.forkWithVariable(String(variable.args), type.valueType ?? checker.getType("dyn"));
      const result = checker.check(body, bound);
      return flat ? result : checker.registry.getOptionalType(result);
    },
    evaluate(evaluator: unknown, _macro: unknown, context: unknown): unknown {
      const engine = evaluator as MacroEvaluator;
      const optional = engine.run(receiver, context);
      if (!(optional instanceof Optional)) throw new EvaluationError("no such overload: not an optional");
      if (!optional.hasValue()) return optional;
      const inner = (bound as MacroContext)
        .reuse(context as MacroContext)
        .setIterValue(optional.value(), engine);
      const result = engine.run(body, inner);
      return flat ? result : Optional.of(result);
    },
    async: false,
  } as CelMacro;
}
