import type { CelRuntime } from "./cel-runtime.ts";

/** As fifty operations, measured; and the engine reads the expression up to where an error is. */
const errorCost = 50;
const charactersPerUnit = 20;

const counted = new WeakSet<object>();

/**
 * Charges once for an error that an operator or quantifier may absorb: it was made, with an excerpt of the expression in
 * its message, whether anybody sees it or not.
 */
export function chargeForError(
  error: unknown,
  expression: string,
  { charge }: Pick<CelRuntime, "charge">,
): void {
  if (typeof error !== "object" || error === null || counted.has(error)) return;
  counted.add(error);
  charge(errorCost + Math.ceil(expression.length / charactersPerUnit));
}
