import { CountersignError, errorCodeOf, errorMessageOf } from "../errors.ts";
import type { RequestAuthenticator } from "./authenticator.ts";

/**
 * Asks one after the other. The first that knows the caller decides, even where one before it refused a credential; where
 * none does, a refused credential is a throw and not "no opinion" (kubernetes/apiserver pkg/authentication/request/union).
 * @returns an authenticator that throws the one error, or one with the first's code, all messages and all errors as cause.
 */
export function createUnionAuthenticator(
  authenticators: readonly RequestAuthenticator[],
): RequestAuthenticator {
  return {
    async authenticateRequest(credentials) {
      const errors: unknown[] = [];
      for (const authenticator of authenticators) {
        try {
          const caller = await authenticator.authenticateRequest(credentials);
          if (caller !== undefined) return caller;
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 1) throw joined(errors);
      if (errors.length === 1) throw errors[0];
      return undefined;
    },
  };
}

function joined(errors: readonly unknown[]): CountersignError {
  const messages = errors.map((error) => errorMessageOf(error));
  return new CountersignError(errorCodeOf(errors[0]), messages.join("; "), {
    cause: new AggregateError(errors),
  });
}
