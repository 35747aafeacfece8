import { CountersignError } from "../errors.ts";
import { andThen } from "../maybe-promise.ts";
import { Secret } from "../secret.ts";
import type { RequestAuthenticator, TokenAuthenticator } from "./authenticator.ts";

/**
 * Authenticates requests by their bearer token, read as API servers read it (kubernetes/apiserver
 * pkg/authentication/request/bearertoken): the first `Authorization` counts, its second word is the token, what follows is
 * ignored, and another scheme, a second space or no token at all is no credential. For servers that speak as an API server;
 * a webhook reads strictly, see {@link createBearerTokenAuthenticator}.
 * @returns an authenticator that throws ERR_TOKEN_UNACCEPTED for a token that nobody knows, and what `authenticator` throws.
 */
export function createLenientBearerTokenAuthenticator(
  authenticator: TokenAuthenticator,
): RequestAuthenticator {
  return {
    authenticateRequest({ authorization: [value = ""] }) {
      const [scheme = "", token = ""] = value.trim().split(" ");
      if (scheme.toLowerCase() !== "bearer" || token === "") return undefined;
      return andThen(authenticator.authenticateToken(new Secret(token)), (caller) => {
        if (caller === undefined)
          throw new CountersignError("ERR_TOKEN_UNACCEPTED", "bearer token: nobody knows it");
        return caller;
      });
    },
  };
}
