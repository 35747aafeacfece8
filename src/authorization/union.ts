import type { Authorizer } from "./authorizer.ts";

/**
 * Asks one after the other. The first that allows or denies decides. One that fails is passed over, but then no one
 * else's having no opinion is an answer: the failure is (kubernetes/apiserver pkg/authorization/union).
 * @returns an authorizer that throws the first failure, where nobody decides; reasons of several are joined.
 */
export function createUnionAuthorizer(authorizers: readonly Authorizer[]): Authorizer {
  return {
    async authorize(attributes, options) {
      const failures: unknown[] = [];
      const reasons: string[] = [];
      for (const authorizer of authorizers) {
        try {
          const decision = await authorizer.authorize(attributes, options);
          if (decision.decision !== "noOpinion") return decision;
          if (decision.reason !== "") reasons.push(decision.reason);
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
      return { decision: "noOpinion", reason: reasons.join("\n") };
    },
  };
}
