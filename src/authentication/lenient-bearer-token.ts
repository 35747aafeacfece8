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
    authenticateRequest({ authorization }) {
      const [scheme, token = ""] = wordsOf(authorization);
      if (scheme !== "bearer" || token === "") return undefined;
      return andThen(authenticator.authenticateToken(new Secret(token)), (caller) => {
        if (caller === undefined)
          throw new CountersignError("ERR_TOKEN_UNACCEPTED", "bearer token: nobody knows it");
        return caller;
      });
    },
  };
}

/**
 * What a caller should be told of its `Authorization`, in upstream's words: that a second space makes its token none. Tell it
 * whatever comes of the request, a 401 included.
 */
export function bearerTokenWarnings(authorization: readonly string[]): readonly string[] {
  const [scheme, token, after] = wordsOf(authorization);
  return scheme === "bearer" && token === "" && after !== undefined ? [spaceWarning] : [];
}

const spaceWarning =
  "the provided Authorization header contains extra space before the bearer token, and is ignored";

/** Of the first value, the scheme in lower case. */
function wordsOf([value = ""]: readonly string[]): readonly string[] {
  const [scheme = "", ...words] = value.trim().split(" ");
  return [scheme.toLowerCase(), ...words];
}
