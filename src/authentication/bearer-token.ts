import { CountersignError } from "../errors.ts";
import { Secret } from "../secret.ts";
import type { RequestAuthenticator, TokenAuthenticator } from "./authenticator.ts";

const scheme = /^bearer (?! )/i;
const schemeLength = "bearer ".length;

/** RFC 6750 section 2.1, `b64token`. */
const alphabet = /^[A-Za-z0-9\-._~+/]+=*$/;

/**
 * The token of a request's `Authorization` values, or undefined where there is no such header.
 *
 * Accepted is exactly this: one value, the word `Bearer` in any case (RFC 9110 section 11.1), one space, one RFC 6750
 * token, nothing more. Upstream is laxer (kubernetes/apiserver pkg/authentication/request/bearertoken takes the first of
 * several headers and ignores a third word); a webhook is called by API servers, which send the strict form.
 * @throws ERR_AUTHORIZATION_DUPLICATE for more than one value, and for several joined by commas.
 * @throws ERR_AUTHORIZATION_MALFORMED for everything else: another scheme, an empty value, two spaces, trailing words or
 * spaces, characters that no token holds.
 */
export function bearerToken(authorization: readonly string[]): Secret | undefined {
  const token = soleWord(authorization);
  if (token !== undefined) assertAlphabet(token);
  return token;
}

/** Puts something between the header and the token authenticator, such as a cache. */
export type TokenAuthenticatorWrapper = (authenticator: TokenAuthenticator) => TokenAuthenticator;

/**
 * Authenticates requests by their bearer token, read as {@link bearerToken} does; no opinion on a request without
 * `Authorization`. What `wrap` remembers has been held to the token's alphabet before: to do so again is 1 µs of 2.6.
 */
export function createBearerTokenAuthenticator(
  authenticator: TokenAuthenticator,
  wrap: TokenAuthenticatorWrapper = (inner) => inner,
): RequestAuthenticator {
  const wrapped = wrap({
    authenticateToken(token) {
      assertAlphabet(token);
      return authenticator.authenticateToken(token);
    },
  });
  return {
    authenticateRequest({ authorization }) {
      const token = soleWord(authorization);
      return token === undefined ? undefined : wrapped.authenticateToken(token);
    },
  };
}

/** The one word behind the scheme of the one value. */
function soleWord(authorization: readonly string[]): Secret | undefined {
  const [value] = authorization;
  if (value === undefined) return undefined;
  if (authorization.length > 1) throw duplicate(authorization.length);
  if (value.includes(",")) throw duplicate(value.split(",").length);
  if (!scheme.test(value)) throw malformed(schemeFault(value));
  const word = value.slice(schemeLength);
  if (word === "") throw malformed("no token follows the scheme");
  if (word.includes(" ")) throw malformed("something follows the token");
  return new Secret(word);
}

function assertAlphabet(token: Secret): void {
  if (!alphabet.test(token.reveal())) throw malformed("the token holds a character that no token may");
}

/** Names the fault without quoting the value: it may hold a password or a token. */
function schemeFault(value: string): string {
  if (value.trim() === "") return "the value is empty";
  if (/^bearer *$/i.test(value)) return "no token follows the scheme";
  return /^bearer {2}/i.test(value) ? "more than one space follows the scheme" : "the scheme is not Bearer";
}

function malformed(fault: string): CountersignError {
  return new CountersignError(
    "ERR_AUTHORIZATION_MALFORMED",
    `authorization: ${fault}; send "Bearer", one space and one token`,
  );
}

function duplicate(count: number): CountersignError {
  return new CountersignError(
    "ERR_AUTHORIZATION_DUPLICATE",
    `authorization: ${count} values were sent, exactly one may be`,
  );
}
