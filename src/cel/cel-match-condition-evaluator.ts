import type { MatchCondition, Webhook } from "../apis/admissionregistration.ts";
import type { Authorizer } from "../authorization/authorizer.ts";
import { type Clock, systemClock } from "../clock.ts";
import { diagnosticsChannel } from "../diagnostics.ts";
import { CountersignError, errorMessageOf } from "../errors.ts";
import { andThen, type MaybePromise } from "../maybe-promise.ts";
import { type AuthorizationChecks, createAuthorizationChecks } from "./authorization-checks.ts";
import {
  type CelExpression,
  type CelVariables,
  compileMatchCondition,
  matchConditionVariables,
} from "./cel-expression.ts";
import type {
  MatchConditionEvaluator,
  MatchConditionRequest,
  MatchConditionVerdict,
} from "./match-condition-evaluator.ts";

/** What {@link createMatchConditionEvaluator} takes. */
export interface MatchConditionEvaluatorOptions {
  /** Who answers `authorizer` in expressions. Default: nobody, and to look at `authorizer` is an evaluation error. */
  readonly authorizer?: Authorizer;
  readonly clock?: Clock;
}

/** Upstream's, in units that here are operations (k8s.io/apiserver pkg/apis/cel/config.go). */
const expressionBudget = 1_000_000;
const webhookBudget = 2_500_000;

/** An expression can afford two checks; each of them costs one more run. */
const maxRuns = 8;

/**
 * Evaluates match conditions in CEL as kube-apiserver does: any that is false excludes the webhook, whatever others
 * do; otherwise any that does not compile, fails or takes too much work makes the verdict `failed`. Conditions that use
 * `authorizer` wait for it; others are evaluated at once.
 */
export function createMatchConditionEvaluator(
  options: MatchConditionEvaluatorOptions = {},
): MatchConditionEvaluator {
  const { authorizer, clock = systemClock } = options;
  return {
    evaluate(request) {
      const startedAt = clock.now();
      const evaluation: Evaluation = {
        conditions: compiledConditions(request.webhook),
        variables: matchConditionVariables(request.attributes, authorizer !== undefined),
        checks: createAuthorizationChecks(authorizer, request.signal),
        errors: [],
        budget: webhookBudget,
      };
      return andThen(verdictFrom(evaluation, 0), (verdict) => {
        publish(request, verdict, evaluation.errors.length, clock.now() - startedAt);
        return verdict;
      });
    },
  };
}

interface CompiledCondition {
  readonly name: string;
  readonly text: string;
  /** Undefined where it does not compile. */
  readonly expression: CelExpression | undefined;
  readonly error: unknown;
}

/** What has become of one webhook's conditions so far. */
interface Evaluation {
  readonly conditions: readonly CompiledCondition[];
  readonly variables: CelVariables;
  readonly checks: AuthorizationChecks;
  readonly errors: CountersignError[];
  budget: number;
}

const compiledByWebhook = new WeakMap<Webhook, readonly CompiledCondition[]>();

function compiledConditions(webhook: Webhook): readonly CompiledCondition[] {
  let compiled = compiledByWebhook.get(webhook);
  if (compiled === undefined) {
    compiled = (webhook.matchConditions ?? []).map(compileCondition);
    compiledByWebhook.set(webhook, compiled);
  }
  return compiled;
}

function compileCondition({ name, expression }: MatchCondition): CompiledCondition {
  try {
    return { name, text: expression, expression: compileMatchCondition(expression), error: undefined };
  } catch (error) {
    return { name, text: expression, expression: undefined, error };
  }
}

/** The first that is false decides, as all of them evaluated would: those after it are not worth their cost. */
function verdictFrom(evaluation: Evaluation, index: number): MaybePromise<MatchConditionVerdict> {
  const condition = evaluation.conditions[index];
  if (condition === undefined) return verdictOfErrors(evaluation.errors);
  return andThen(evaluateCondition(evaluation, condition, 1), (value) => {
    if (value === false) return { outcome: "excluded", condition: condition.name };
    if (value !== true) evaluation.errors.push(value);
    return verdictFrom(evaluation, index + 1);
  });
}

function evaluateCondition(
  evaluation: Evaluation,
  condition: CompiledCondition,
  round: number,
): MaybePromise<boolean | CountersignError> {
  const { checks, variables, budget } = evaluation;
  const { expression, error, text } = condition;
  if (expression === undefined) return conditionError(`compilation error: ${errorMessageOf(error)}`, error);
  if (budget <= 0)
    return conditionError(
      "validation failed due to running out of cost budget, no further validation rules will be run",
    );
  const limit = Math.min(expressionBudget, budget);
  const result = expression.evaluate(variables, { limit, decide: checks.decide });
  if (result.error !== undefined && checks.pending && round < maxRuns)
    return checks.settle().then(() => evaluateCondition(evaluation, condition, round + 1));
  evaluation.budget -= result.cost;
  if (result.error === undefined) return result.value;
  return conditionError(
    `expression '${text}' resulted in error: ${errorMessageOf(result.error)}`,
    result.error,
  );
}

/** In upstream's words, for they reach whoever made the request. */
function conditionError(message: string, cause?: unknown): CountersignError {
  return new CountersignError("ERR_MATCH_CONDITION", message, { cause });
}

/** Several are told as Go aggregates them. */
function verdictOfErrors(errors: readonly CountersignError[]): MatchConditionVerdict {
  const [first, ...others] = errors;
  if (first === undefined) return { outcome: "matches" };
  if (others.length === 0) return { outcome: "failed", error: first };
  const message = `[${[...new Set(errors.map((error) => error.message))].join(", ")}]`;
  return {
    outcome: "failed",
    error: new CountersignError("ERR_MATCH_CONDITION", message, { cause: new AggregateError(errors) }),
  };
}

const channel = diagnosticsChannel("countersign:matchConditions");

function publish(
  { kind, webhook, attributes }: MatchConditionRequest,
  { outcome }: MatchConditionVerdict,
  errors: number,
  durationMs: number,
): void {
  if (!channel.hasSubscribers) return;
  const type = kind === "MutatingWebhookConfiguration" ? "admit" : "validating";
  const { operation } = attributes;
  channel.publish({ webhook: webhook.name, kind: "webhook", type, operation, outcome, errors, durationMs });
}
