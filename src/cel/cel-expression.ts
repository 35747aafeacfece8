import type { AdmissionAttributes } from "../admission/admission-attributes.ts";
import { CountersignError } from "../errors.ts";
import { authorizerVariable } from "./authorizer-library.ts";
import { createBoundedMemo } from "./bounded-memo.ts";
import { type CelEnvironment, createCelEnvironment } from "./cel-environment.ts";
import { functionPrefix } from "./cel-function.ts";
import { type CelNode, syntaxTree } from "./cel-node.ts";
import { createCelRuntime, type ExpressionRun, type RunResult } from "./cel-runtime.ts";
import { toSharedCelValue } from "./cel-values.ts";
import { rewriteFunctions } from "./function-names.ts";
import { findLiteralFault } from "./literal-checks.ts";
import { meter } from "./metering.ts";
import { requestVariable } from "./request-variables.ts";

/** An expression that is valid and of type bool. */
export interface CelExpression {
  /** Evaluates it once. Never throws. */
  evaluate(variables: CelVariables, run: ExpressionRun): RunResult<boolean>;
}

/** What conditions see of one request; made when first looked at. */
export type CelVariables = Readonly<Record<string, unknown>>;

/** As cel-go's parser (ParserExpressionSizeLimit). */
const maxExpressionLength = 100_000;

const runtime = createCelRuntime();
const compilationsPerEnvironment = 10_000;
let environment: CelEnvironment | undefined;
let compilations = 0;

/** Made when first needed, and again after so many: the engine keeps every type that an expression ever made up. */
function currentEnvironment(): CelEnvironment {
  if (compilations++ % compilationsPerEnvironment === 0) environment = undefined;
  environment ??= createCelEnvironment(runtime);
  return environment;
}

/** The compile error of an expression as a match condition. Undefined: it is one. Never throws. */
export function checkMatchCondition(expression: string): string | undefined {
  const compiled = compileMemoized(expression);
  return "fault" in compiled ? compiled.fault : undefined;
}

/** @throws ERR_MATCH_CONDITION where the expression does not compile to a bool. */
export function compileMatchCondition(expression: string): CelExpression {
  const compiled = compileMemoized(expression);
  if ("fault" in compiled) throw new CountersignError("ERR_MATCH_CONDITION", compiled.fault);
  return compiled;
}

type Compiled = CelExpression | { readonly fault: string };

/** Configurations repeat each other's conditions; a thousand of them of usual length are some megabytes. */
const compileMemoized = createBoundedMemo(1024, (expression): Compiled => {
  try {
    return compile(expression);
  } catch (error) {
    return { fault: `compilation failed: ${summaryOf(error)}` };
  }
});

function compile(expression: string): Compiled {
  if (expression.length > maxExpressionLength)
    return { fault: `compilation failed: expression is longer than ${maxExpressionLength} characters` };
  const environment = currentEnvironment();
  const parsed = environment.engine.parse(expression);
  const root = syntaxTree(parsed);
  const misused = rewriteFunctions(root, environment.functions);
  if (misused !== undefined) return { fault: `compilation failed: ${misused}` };
  const { valid, type, error } = parsed.check();
  if (!valid) throw error;
  const fault = literalFault(root, environment);
  if (fault !== undefined) return { fault: `compilation failed: ${fault}` };
  if (type !== "bool") return { fault: `must evaluate to bool but got ${type}` };
  meter(root, runtime);
  return {
    evaluate(variables, run) {
      const result = runtime.run(run, (): boolean => {
        const value: unknown = parsed(variables);
        if (typeof value === "boolean") return value;
        throw new Error("no such overload: the result is not a bool");
      });
      if (result.error === undefined) return result;
      const { error: cause, cost } = result;
      return { error: new CountersignError("ERR_MATCH_CONDITION", runtimeSummaryOf(cause), { cause }), cost };
    },
  };
}

/** All literal patterns together are some forty thousand instructions at most: a fifth of a second to compile. */
const literalBudget = 2_000_000;

function literalFault(root: CelNode, { literalChecks }: CelEnvironment): string | undefined {
  const decide = (): never => {
    throw new Error("nothing is asked before an expression is evaluated");
  };
  const result = runtime.run({ limit: literalBudget, decide }, () => findLiteralFault(root, literalChecks));
  return result.error === undefined ? result.value : summaryOf(result.error);
}

/** What the engine says, on one line, about the names that its author knows. */
function summaryOf(error: unknown): string {
  if (error instanceof RangeError && /call stack/.test(error.message)) return "nested too deeply";
  if (!(error instanceof Error)) return String(error);
  const { summary, range, message } = error as Error & { summary?: string; range?: { start: number } };
  const where = range === undefined ? "" : ` (at character ${range.start + 1})`;
  return `${(summary ?? message).replaceAll(functionPrefix, "")}${where}`;
}

/** In cel-go's words, which name no position: whoever made the request reads them. */
function runtimeSummaryOf(error: unknown): string {
  return summaryOf(error)
    .replace(/ \(at character \d+\)$/, "")
    .replace(/^No such key: index out of bounds, index (-?\d+) .*$/, "index out of bounds: $1")
    .replace(/^No such key/, "no such key");
}

/** What the variables of match conditions are for one request. Without an authorizer, looking at it is an error. */
export function matchConditionVariables(attributes: AdmissionAttributes, authorized: boolean): CelVariables {
  return {
    get object() {
      return toSharedCelValue(attributes.object);
    },
    get oldObject() {
      return toSharedCelValue(attributes.oldObject);
    },
    namespaceObject: null,
    get request() {
      return requestVariable(attributes);
    },
    get authorizer() {
      if (!authorized) throw new Error("no authorizer is configured: authorization checks cannot be made");
      return authorizerVariable(attributes);
    },
  };
}
