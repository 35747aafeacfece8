import type { MaybePromise } from "../maybe-promise.ts";
import type { AccessDecision, Authorizer } from "./authorizer.ts";

/**
 * Asks one after the other. The first that allows or denies decides. One that fails is passed over, but then no one
 * else's having no opinion is an answer: the failure is (kubernetes/apiserver pkg/authorization/union). Answers without a
 * promise where all who are asked do.
 * @returns an authorizer that throws the first failure, where nobody decides; reasons of several are joined.
 */
export function createUnionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  return {
    authorize(attributes, options) {
      const failures: unknown[] = [];
      const reasons: string[] = [];
      let asked = 0;

      const passOver = (failure: unknown): MaybePromise<AccessDecision> => {
        failures.push(failure);
        return askNext();
      };
      const take = (decision: AccessDecision): MaybePromise<AccessDecision> => {
        if (decision.decision !== "noOpinion") return decision;
        if (decision.reason !== "") reasons.push(decision.reason);
        return askNext();
      };
      const askNext = (): MaybePromise<AccessDecision> => {
        const authorizer = authorizers[asked++];
        if (authorizer === undefined) {
          if (failures.length > 0) throw failures[0];
          return { decision: "noOpinion", reason: reasons.join("\n") };
        }
        let answer: MaybePromise<AccessDecision>;
        try {
          answer = authorizer.authorize(attributes, options);
        } catch (failure) {
          return passOver(failure);
        }
        return answer instanceof Promise ? answer.then(take, passOver) : take(answer);
      };
      return askNext();
    },
  };
}
