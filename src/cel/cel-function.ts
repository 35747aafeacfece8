import { type Environment, EvaluationError } from "@marcbachmann/cel-js";
import type { CelRuntime } from "./cel-runtime.ts";

/** One overload of one function or method of the language. */
export interface CelFunction {
  /** `name(type, type): type` or `receiver.name(type): type`. */
  readonly signature: string;
  readonly call: (...args: readonly unknown[]) => unknown;
  /** What a call costs beside the one unit that every operation does, known before it is made. */
  readonly cost: (...args: readonly unknown[]) => number;
}

/** A type of ours: its name upstream, the class of its values, and what of them can be selected as a field. Default: nothing. */
export interface CelType {
  readonly name: string;
  readonly valueClass: abstract new (...args: never[]) => object;
  readonly fields?: Readonly<Record<string, string>>;
}

/** What one file adds to the language. */
export interface CelLibrary {
  readonly types?: readonly CelType[];
  /** What is called as `namespace.name()`: the type its functions name as their receiver. */
  readonly namespaces?: Readonly<Record<string, CelType>>;
  readonly functions: readonly CelFunction[];
  readonly literalChecks?: LiteralChecks;
}

/**
 * Checks of a constant first argument, by {@link functionKey}, so that what can never work is a compile error: they
 * throw what the call would.
 */
export type LiteralChecks = Readonly<Record<string, (literal: string) => void>>;

/**
 * Every function is registered under a name that no expression can say, because the engine's own functions cannot be
 * replaced: its `matches` is a backtracking one, its string functions count UTF-16 units.
 */
export const functionPrefix = "countersign_";

/** One overload, its arguments typed as the signature says: the engine has checked them when it is called. */
export function celFunction<Args extends readonly unknown[]>(
  signature: string,
  call: (...args: Args) => unknown,
  cost: (...args: Args) => number = () => 0,
): CelFunction {
  return { signature, call: call as CelFunction["call"], cost: cost as CelFunction["cost"] };
}

/** What `call:size` or `method:size` is of: how the rewriting asks whether there is such a function. */
export function functionKey(signature: string): string {
  const [, receiver, name] = /^(?:(.+)\.)?(\w+)\(/.exec(signature) ?? [];
  return `${receiver === undefined ? "call" : "method"}:${name}`;
}

export function registerFunction(
  environment: Environment,
  { signature, call, cost }: CelFunction,
  runtime: CelRuntime,
): void {
  const handler = (...args: readonly unknown[]): unknown => {
    runtime.charge(cost(...args));
    return call(...args);
  };
  const hidden = signature.replace(/(\w+)\(/, `${functionPrefix}$1(`);
  environment.registerFunction(hidden, handler, { async: false });
  if (/^list<.*A>+\./.test(signature)) registerForDyn(environment, hidden);
}

/**
 * The engine takes the result of a method of what is dyn to be what all overloads have in common: `A`, where that is
 * all there is, which is no type. With an overload that nothing is ever meant for it is dyn.
 */
function registerForDyn(environment: Environment, hidden: string): void {
  const forNull = hidden.replace(/^list<.*A>+\./, "null.").replace(/:.*$/, ": dyn");
  environment.registerFunction(
    forNull.replaceAll(/\bA\b/g, "dyn"),
    () => {
      throw new EvaluationError("no such overload: a method of null");
    },
    { async: false },
  );
}
