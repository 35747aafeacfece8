import type { AccessAttributes } from "../authorization/authorizer.ts";

/** What an authorizer said to one `check`. */
export interface AuthorizationDecision {
  readonly allowed: boolean;
  readonly reason: string;
  /** Why there is no decision; empty where there is one. */
  readonly error: string;
}

/** One run of one expression: how much work it may be, and who answers its authorization checks. */
export interface ExpressionRun {
  readonly limit: number;
  decide(attributes: AccessAttributes): AuthorizationDecision;
}

/**
 * What functions of the language see of the run they belong to. Runs are synchronous, so that there is never more than
 * one: an authorization check that has to wait ends its run, and the expression is run again with the answer.
 */
export interface CelRuntime {
  /** @throws once the run's limit is passed, and then at every call. */
  charge(units: number): void;
  decide(attributes: AccessAttributes): AuthorizationDecision;
  /** Does a run's work. Its error is that the limit was passed even where the expression absorbed that. */
  run<T>(run: ExpressionRun, work: () => T): RunResult<T>;
}

/** What became of a run, and what it cost. */
export type RunResult<T> =
  | { readonly value: T; readonly error?: undefined; readonly cost: number }
  | { readonly error: Error; readonly cost: number };

/** An expression's work went over its limit. */
export class BudgetExceededError extends Error {
  constructor(limit: number) {
    super(`operation cancelled: actual cost limit of ${limit} exceeded`);
  }
}

interface RunState extends ExpressionRun {
  cost: number;
  exceeded: BudgetExceededError | undefined;
}

export function createCelRuntime(): CelRuntime {
  let current: RunState | undefined;
  return {
    charge(units) {
      if (current === undefined) return;
      if (current.exceeded !== undefined) throw current.exceeded;
      current.cost += units;
      // not `>`: a cost that is not a number must not pass
      if (current.cost <= current.limit) return;
      current.exceeded = new BudgetExceededError(current.limit);
      throw current.exceeded;
    },
    decide(attributes) {
      if (current === undefined) throw new Error("no expression is being evaluated");
      return current.decide(attributes);
    },
    run({ limit, decide }, work) {
      const state: RunState = { limit, decide, cost: 0, exceeded: undefined };
      const outer = current;
      const { stackTraceLimit } = Error;
      current = state;
      // nobody sees the stacks of errors that expressions absorb, and they are most of what these cost
      Error.stackTraceLimit = 0;
      try {
        const value = work();
        if (state.exceeded !== undefined) throw state.exceeded;
        return { value, cost: state.cost };
      } catch (error) {
        return { error: state.exceeded ?? (error as Error), cost: state.cost };
      } finally {
        current = outer;
        Error.stackTraceLimit = stackTraceLimit;
      }
    },
  };
}
