import type { AccessAttributes, Authorizer } from "../authorization/authorizer.ts";
import { errorMessageOf } from "../errors.ts";
import type { AuthorizationDecision } from "./cel-runtime.ts";

/** The authorization checks of one request's conditions, each made once. */
export interface AuthorizationChecks {
  /** @throws where the decision is not there yet: it is being asked for, and the expression is to be run again. */
  decide(attributes: AccessAttributes): AuthorizationDecision;
  /** Whether something was asked for since `settle`. */
  readonly pending: boolean;
  /** Waits for what was asked for. */
  settle(): Promise<void>;
}

/**
 * Lets synchronous expressions ask an asynchronous authorizer. An authorizer that throws is a decision, too: not
 * allowed, and `errored()`.
 */
export function createAuthorizationChecks(
  authorizer: Authorizer | undefined,
  signal: AbortSignal | undefined,
): AuthorizationChecks {
  const decisions = new Map<string, AuthorizationDecision>();
  let pending: Promise<void>[] = [];
  const ask = async (key: string, attributes: AccessAttributes): Promise<void> => {
    decisions.set(key, await decisionOf(authorizer, attributes, signal));
  };
  return {
    decide(attributes) {
      const key = JSON.stringify(attributes);
      const decision = decisions.get(key);
      if (decision !== undefined) return decision;
      // not now: an authorizer is free to evaluate conditions of its own, and this run has not ended
      pending.push(Promise.resolve().then(() => ask(key, attributes)));
      throw new Error("authorization check is pending");
    },
    get pending() {
      return pending.length > 0;
    },
    async settle() {
      const asked = pending;
      pending = [];
      await Promise.all(asked);
    },
  };
}

async function decisionOf(
  authorizer: Authorizer | undefined,
  attributes: AccessAttributes,
  signal: AbortSignal | undefined,
): Promise<AuthorizationDecision> {
  try {
    if (authorizer === undefined) throw new Error("no authorizer is configured");
    const { decision, reason, error } = await authorizer.authorize(attributes, { signal });
    return { allowed: decision === "allow", reason, error: error?.message ?? "" };
  } catch (error) {
    return { allowed: false, reason: "", error: errorMessageOf(error) };
  }
}
