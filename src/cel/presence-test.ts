import { EvaluationError, Optional } from "@marcbachmann/cel-js";
import type { CelMacro, CelNode } from "./cel-node.ts";
import type { MacroChecker, MacroEvaluator } from "./comprehension-macros.ts";

/**
 * `has(target.field)` in place of the engine's own, which takes only a chain of names and lets a misspelt field of
 * `request` through. What is neither map nor list has no field.
 */
export function presenceTest(operand: CelNode): CelMacro {
  const [target, field] = operand.args as [CelNode, string];
  return {
    operands: [target],
    typeCheck(checker: MacroChecker, _macro: CelMacro, context: unknown): unknown {
      checker.check(operand, context);
      return checker.getType("bool");
    },
    evaluate: (evaluator, _macro, context) =>
      isPresent((evaluator as MacroEvaluator).run(target, context), field),
    async: false,
  } as CelMacro;
}

function isPresent(target: unknown, field: string): boolean {
  if (target instanceof Optional) return target.hasValue() && isPresent(target.value(), field);
  if (Array.isArray(target)) throw new EvaluationError("unsupported index type 'string' in list");
  return target instanceof Map && target.get(field) !== undefined;
}
