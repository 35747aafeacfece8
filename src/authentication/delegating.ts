import type { X509Certificate } from "node:crypto";
import type { Clock } from "../clock.ts";
import { CountersignError } from "../errors.ts";
import type { Caller, PresentedCredentials, RequestAuthenticator } from "./authenticator.ts";
import { createCachedTokenAuthenticator } from "./cached-token.ts";
import { withoutCredentialHeaders } from "./credential-headers.ts";
import { createLenientBearerTokenAuthenticator } from "./lenient-bearer-token.ts";
import { createRequestHeaderAuthenticator, type RequestHeaderConfiguration } from "./request-header.ts";
import {
  createTokenReviewAuthenticator,
  type TokenReviewAudiences,
  type TokenReviewClient,
} from "./token-review.ts";
import { createUnionAuthenticator } from "./union.ts";
import { createX509Authenticator } from "./x509.ts";

/** Whom a server believes that leaves it to a cluster to say who its users are. */
export interface DelegatingAuthenticatorOptions {
  /** The front proxy of now; undefined from it while there is none. Default: none is believed. */
  readonly requestHeader?: () => RequestHeaderConfiguration | undefined;
  /** The CA certificates of users; any name they have signed is a user. Default: no certificate is. */
  readonly clientCA?: () => readonly X509Certificate[];
  /** Ask the API server whose a bearer token is. Default: no token is accepted. */
  readonly tokenReview?: Partial<TokenReviewAudiences> & {
    readonly client: TokenReviewClient;
    /** Default 10 000 (10 s), each time it is asked. */
    readonly timeoutMs?: number;
    /** How long an answer is believed. Default 10 000 (10 s). */
    readonly cacheTTLMs?: number;
  };
  /** Let whoever presents nothing be `system:anonymous`, for an authorizer to judge. Default false: that is refused. */
  readonly anonymous?: boolean;
  readonly clock?: Clock;
}

/** Says who a request comes from, and what of its headers may be handed on. */
export interface DelegatingAuthenticator extends RequestAuthenticator {
  authenticateRequest(credentials: PresentedCredentials): Promise<Caller>;
  /** A request's headers, names and values in turn, without credentials and without what a front proxy may say. */
  withoutCredentials(rawHeaders: readonly string[]): readonly string[];
}

/**
 * Authenticates the callers of a server that speaks as an API server: a front proxy's user, then a client certificate, then
 * a bearer token by TokenReview; the first that succeeds decides. Anonymous is only who presents no credential at all: one
 * that was refused is never forgiven. Everybody known is in `system:authenticated`. Order and rules are
 * kubernetes/apiserver's (pkg/authentication/authenticatorfactory). Give the request's `rawHeaders` with its credentials.
 * Never answers undefined.
 *
 * Impersonation is refused: its headers are neither ignored nor obeyed. A front proxy resolves them before it calls.
 * @throws ERR_CONFIGURATION at once, where nobody could ever be accepted.
 * @returns an authenticator that throws ERR_CREDENTIALS_MISSING where nothing is presented, ERR_IMPERSONATION for
 * `Impersonate-*` headers, and the first code of what was refused: ERR_CERTIFICATE_*, ERR_TOKEN_*.
 */
export function createDelegatingAuthenticator(
  options: DelegatingAuthenticatorOptions,
): DelegatingAuthenticator {
  const parts = authenticators(options);
  if (parts.length === 0 && options.anonymous !== true)
    throw new CountersignError(
      "ERR_CONFIGURATION",
      "authentication: accepts nobody; give requestHeader, clientCA, tokenReview or anonymous",
    );
  const union = createUnionAuthenticator(parts);
  return {
    async authenticateRequest(credentials) {
      const known = await union.authenticateRequest(credentials);
      const caller = known === undefined ? nobody(options) : authenticated(known);
      if ((credentials.rawHeaders ?? []).some(impersonates))
        throw new CountersignError(
          "ERR_IMPERSONATION",
          "impersonation: this server accepts none, call it without Impersonate-* headers",
        );
      return caller;
    },
    withoutCredentials: (rawHeaders) => withoutCredentialHeaders(rawHeaders, options.requestHeader?.()),
  };
}

function authenticators(options: DelegatingAuthenticatorOptions): readonly RequestAuthenticator[] {
  const { requestHeader, clientCA, tokenReview, clock } = options;
  const timed = clock === undefined ? {} : { clock };
  return [
    ...(requestHeader === undefined
      ? []
      : [createRequestHeaderAuthenticator({ configuration: requestHeader, ...timed })]),
    ...(clientCA === undefined ? [] : [createX509Authenticator({ ca: clientCA, ...timed })]),
    ...(tokenReview === undefined ? [] : [tokenReviewer(tokenReview, timed)]),
  ];
}

const delegatedMs = 10_000;

function tokenReviewer(
  { cacheTTLMs = delegatedMs, ...review }: NonNullable<DelegatingAuthenticatorOptions["tokenReview"]>,
  timed: { readonly clock?: Clock },
): RequestAuthenticator {
  const authenticator = createTokenReviewAuthenticator({
    audiences: [],
    timeoutMs: delegatedMs,
    ...review,
  });
  return createLenientBearerTokenAuthenticator(
    cacheTTLMs <= 0
      ? authenticator
      : createCachedTokenAuthenticator({ authenticator, ttlMs: cacheTTLMs, ...timed }),
  );
}

const anonymousUser = "system:anonymous";

function nobody({ anonymous }: DelegatingAuthenticatorOptions): Caller {
  if (anonymous === true)
    return {
      method: "anonymous",
      user: { username: anonymousUser, groups: ["system:unauthenticated"], extra: {} },
    };
  throw new CountersignError(
    "ERR_CREDENTIALS_MISSING",
    "credentials: neither a front proxy, a certificate nor a token says who calls",
  );
}

/** Unless a front proxy has said already that its user is, or is not. */
function authenticated(caller: Caller): Caller {
  const { username, groups = [] } = caller.user;
  const told = groups.includes("system:authenticated") || groups.includes("system:unauthenticated");
  if (told || username === anonymousUser) return caller;
  return { ...caller, user: { ...caller.user, groups: [...groups, "system:authenticated"] } };
}

function impersonates(header: string, index: number): boolean {
  return index % 2 === 0 && /^impersonate-/i.test(header);
}
