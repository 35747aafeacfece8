/**
 * Who is calling a webhook: webhook-bound tokens, plain ServiceAccount tokens, TokenReview and client certificates; start
 * with {@link createWebhookCallerAuthenticator}. And who is calling a server that speaks as an API server: a front
 * proxy's users, client certificates, TokenReview; start with {@link createDelegatingAuthenticator}.
 */

export type { MaybePromise } from "../maybe-promise.ts";
export type { SigningAlgorithm } from "./algorithms.ts";
export { type AnonymousCondition, type AnonymousOptions, createAnonymousAuthenticator } from "./anonymous.ts";
export {
  type AuthenticationMethod,
  type BoundConfiguration,
  type Caller,
  type PresentedCertificate,
  type PresentedCredentials,
  type RequestAuthenticator,
  type TokenAuthenticator,
  UnauthenticatedToken,
} from "./authenticator.ts";
export { bearerToken, createBearerTokenAuthenticator } from "./bearer-token.ts";
export { type CachedTokenOptions, createCachedTokenAuthenticator } from "./cached-token.ts";
export { type ClientCertificateOptions, createClientCertificateAuthenticator } from "./client-certificate.ts";
export {
  type AuthenticationOptions,
  createDelegatingAuthenticator,
  type DelegatingAuthenticator,
  type DelegatingAuthenticatorOptions,
  tokenReviewLifetimes,
} from "./delegating.ts";
export { createIssuer, type IssuerOptions } from "./issuer-keys.ts";
export { bearerTokenWarnings, createLenientBearerTokenAuthenticator } from "./lenient-bearer-token.ts";
export { type CredentialedRequest, presentedCredentials } from "./presented-credentials.ts";
export {
  createRequestHeaderAuthenticator,
  type RequestHeaderConfiguration,
  type RequestHeaderOptions,
} from "./request-header.ts";
export type { FetchedKeys, KeySource, TokenIssuer } from "./token-issuer.ts";
export {
  createTokenReviewAuthenticator,
  processTokenReview,
  type TokenReviewAudiences,
  type TokenReviewClient,
  type TokenReviewOptions,
} from "./token-review.ts";
export type { TokenFinding } from "./token-verifier.ts";
export { createUnionAuthenticator } from "./union.ts";
export {
  createWebhookCallerAuthenticator,
  explainToken,
  type WebhookCallerOptions,
} from "./webhook-callers.ts";
export type { ConfigurationPin, WebhookTokenRules } from "./webhook-token.ts";
export { createWebSocketBearerAuthenticator } from "./websocket-bearer.ts";
export { createX509Authenticator, type X509Options } from "./x509.ts";
