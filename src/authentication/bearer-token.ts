import { CountersignError } from "../errors.ts";
import { Secret } from "../secret.ts";
import type { RequestAuthenticator, TokenAuthenticator } from "./authenticator.ts";

/** RFC 6750 section 2.1: `b64token`, after a scheme that RFC 9110 section 11.1 makes case-insensitive. */
const bearer = /^bearer ([A-Za-z0-9\-._~+/]+=*)$/i;

/**
 * The token of a request's `Authorization` values, or undefined where there is no such header.
 *
 * Accepted is exactly this: one value, the word `Bearer` in any case, one space, one RFC 6750 token, nothing more.
 * Upstream is laxer (kubernetes/apiserver pkg/authentication/request/bearertoken takes the first of several headers and
 * ignores a third word); a webhook is called by API servers, which send the strict form.
 * @throws ERR_AUTHORIZATION_DUPLICATE for more than one value, and for several joined by commas.
 * @throws ERR_AUTHORIZATION_MALFORMED for everything else: another scheme, an empty value, two spaces, trailing words or
 * spaces, characters that no token holds.
 */
export function bearerToken(authorization: readonly string[]): Secret | undefined {
  const [value] = authorization;
  if (value === undefined) return undefined;
  if (authorization.length > 1) throw duplicate(authorization.length);
  const token = bearer.exec(value)?.[1];
  if (token === undefined) throw value.includes(",") ? duplicate(value.split(",").length) : malformed(value);
  return new Secret(token);
}

/** Authenticates requests by their bearer token; no opinion on a request without `Authorization`. */
export function createBearerTokenAuthenticator(authenticator: TokenAuthenticator): RequestAuthenticator {
  return {
    authenticateRequest({ authorization }) {
      const token = bearerToken(authorization);
      return token === undefined ? undefined : authenticator.authenticateToken(token);
    },
  };
}

function duplicate(count: number): CountersignError {
  return new CountersignError(
    "ERR_AUTHORIZATION_DUPLICATE",
    `authorization: ${count} values were sent, exactly one may be`,
  );
}

function malformed(value: string): CountersignError {
  return new CountersignError(
    "ERR_AUTHORIZATION_MALFORMED",
    `authorization: ${fault(value)}; send "Bearer", one space and one token`,
  );
}

/** Names the fault without quoting the value: it may hold a password or a token. */
function fault(value: string): string {
  if (value.trim() === "") return "the value is empty";
  if (!/^bearer(?: |$)/i.test(value)) return "the scheme is not Bearer";
  if (/^bearer *$/i.test(value)) return "no token follows the scheme";
  if (/^bearer {2}/i.test(value)) return "more than one space follows the scheme";
  if (/^bearer \S+ /i.test(value)) return "something follows the token";
  return "the token holds a character that no token may";
}
