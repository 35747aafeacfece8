import type { X509Certificate } from "node:crypto";
import type { Clock } from "../clock.ts";
import { CountersignError } from "../errors.ts";
import { type AnonymousOptions, createAnonymousAuthenticator } from "./anonymous.ts";
import { authenticatedUser } from "./authenticated-user.ts";
import type { Caller, PresentedCredentials, RequestAuthenticator } from "./authenticator.ts";
import { createCachedTokenAuthenticator } from "./cached-token.ts";
import { withoutCredentialHeaders } from "./credential-headers.ts";
import { bearerTokenWarnings, createLenientBearerTokenAuthenticator } from "./lenient-bearer-token.ts";
import { createRequestHeaderAuthenticator, type RequestHeaderConfiguration } from "./request-header.ts";
import {
  createTokenReviewAuthenticator,
  type TokenReviewAudiences,
  type TokenReviewClient,
} from "./token-review.ts";
import { createUnionAuthenticator } from "./union.ts";
import { createWebSocketBearerAuthenticator } from "./websocket-bearer.ts";
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
    /**
     * How long a token that was known is believed. Default 10 000 (10 s), {@link tokenReviewLifetimes} of an aggregated
     * server; 0 is not at all.
     */
    readonly cacheTTLMs?: number;
    /** How long one that nobody knew is refused without asking again. Default: as `cacheTTLMs`. */
    readonly failureCacheTTLMs?: number;
  };
  /**
   * Let whoever presents nothing be `system:anonymous`, for an authorizer to judge: everywhere, or for certain paths.
   * Default false: that is refused.
   */
  readonly anonymous?: boolean | AnonymousOptions;
  readonly clock?: Clock;
}

/** What whoever asks does with the answer. */
export interface AuthenticationOptions {
  /**
   * `handled`: the same request's headers are given to an `Impersonation` of `countersign/authorization` next, as
   * `createAPIAccess` of `countersign/server` does. Default `refused`: whoever sends an `Impersonate-*` header is, so that
   * none is passed over by who does not think of it.
   */
  readonly impersonation?: "refused" | "handled";
}

/** Says who a request comes from, and what of its headers may be handed on. */
export interface DelegatingAuthenticator extends RequestAuthenticator {
  authenticateRequest(credentials: PresentedCredentials, options?: AuthenticationOptions): Promise<Caller>;
  /** A request's headers, names and values in turn, without credentials and without what a front proxy may say. */
  withoutCredentials(rawHeaders: readonly string[]): readonly string[];
}

/**
 * Authenticates the callers of a server that speaks as an API server: a front proxy's user, then a client certificate, then
 * a bearer token by TokenReview, in `Authorization` or among WebSocket subprotocols; the first that succeeds decides.
 * Anonymous is only who presents no credential at all: one that was refused is never forgiven. Everybody known is in
 * `system:authenticated`. Order and rules are kubernetes/apiserver's (pkg/authentication/authenticatorfactory). Give the
 * request's `rawHeaders` with its credentials, and its path where anonymous is for certain ones. Never answers undefined.
 * @throws ERR_CONFIGURATION at once, where nobody could ever be accepted, and for conditions that cannot be met.
 * @returns an authenticator that throws ERR_CREDENTIALS_MISSING where nothing is presented, ERR_IMPERSONATION for
 * `Impersonate-*` headers unless they are handled, and the first code of what was refused: ERR_CERTIFICATE_*, ERR_TOKEN_*,
 * ERR_AUTHORIZATION_*.
 */
export function createDelegatingAuthenticator(
  options: DelegatingAuthenticatorOptions,
): DelegatingAuthenticator {
  const parts = authenticators(options);
  const anonymous = createAnonymousAuthenticator(options.anonymous ?? false);
  if (parts.length === 0 && anonymous === undefined)
    throw new CountersignError(
      "ERR_CONFIGURATION",
      "authentication: accepts nobody; give requestHeader, clientCA, tokenReview or anonymous",
    );
  const union = createUnionAuthenticator(parts);
  return {
    async authenticateRequest(credentials, { impersonation = "refused" } = {}) {
      const known = await union.authenticateRequest(credentials);
      const caller =
        known === undefined
          ? ((await anonymous?.authenticateRequest(credentials)) ?? missing())
          : { ...known, user: authenticatedUser(known.user) };
      if (impersonation !== "handled") assertNoImpersonation(credentials);
      return options.tokenReview === undefined ? caller : warned(caller, credentials);
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
    ...(tokenReview === undefined ? [] : tokenReviewers(tokenReview, timed)),
  ];
}

/**
 * How long answers count where nothing else is said, by what answers requests with them: a kubelet's (KubeletConfiguration,
 * authentication.webhook.cacheTTL) and an aggregated API server's (kubernetes/apiserver pkg/server/options).
 */
export const tokenReviewLifetimes = {
  kubelet: { cacheTTLMs: 120_000, failureCacheTTLMs: 120_000 },
  aggregated: { cacheTTLMs: 10_000, failureCacheTTLMs: 10_000 },
} as const;

/** Kubernetes/apiserver's for delegated authentication (pkg/server/options). */
const reviewTimeoutMs = 10_000;

function tokenReviewers(
  {
    cacheTTLMs = tokenReviewLifetimes.aggregated.cacheTTLMs,
    failureCacheTTLMs = cacheTTLMs,
    ...review
  }: NonNullable<DelegatingAuthenticatorOptions["tokenReview"]>,
  timed: { readonly clock?: Clock },
): readonly RequestAuthenticator[] {
  const cached = createCachedTokenAuthenticator({
    authenticator: createTokenReviewAuthenticator({ audiences: [], timeoutMs: reviewTimeoutMs, ...review }),
    ttlMs: cacheTTLMs,
    failureTTLMs: failureCacheTTLMs,
    ...timed,
  });
  return [createLenientBearerTokenAuthenticator(cached), createWebSocketBearerAuthenticator(cached)];
}

function missing(): never {
  throw new CountersignError(
    "ERR_CREDENTIALS_MISSING",
    "credentials: neither a front proxy, a certificate nor a token says who calls",
  );
}

/** Only where `Authorization` was read: a certificate comes first, and then it is not. */
function warned(caller: Caller, { authorization }: PresentedCredentials): Caller {
  if (caller.method === "requestHeader" || caller.method === "clientCertificate") return caller;
  const warnings = bearerTokenWarnings(authorization);
  return warnings.length === 0 ? caller : { ...caller, warnings };
}

function assertNoImpersonation({ rawHeaders = [] }: PresentedCredentials): void {
  if (rawHeaders.some((name, index) => index % 2 === 0 && /^impersonate-/i.test(name)))
    throw new CountersignError(
      "ERR_IMPERSONATION",
      "impersonation: this server accepts none, call it without Impersonate-* headers",
    );
}
