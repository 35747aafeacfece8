/**
 * Who is calling a webhook: webhook-bound tokens, plain ServiceAccount tokens, TokenReview and client certificates.
 * Start with {@link createWebhookCallerAuthenticator}.
 */

export type { MaybePromise } from "../maybe-promise.ts";
export type { SigningAlgorithm } from "./algorithms.ts";
export type {
  AuthenticationMethod,
  BoundConfiguration,
  Caller,
  PresentedCertificate,
  PresentedCredentials,
  RequestAuthenticator,
  TokenAuthenticator,
} from "./authenticator.ts";
export { bearerToken, createBearerTokenAuthenticator } from "./bearer-token.ts";
export { type CachedTokenOptions, createCachedTokenAuthenticator } from "./cached-token.ts";
export { type ClientCertificateOptions, createClientCertificateAuthenticator } from "./client-certificate.ts";
export { createIssuer, type IssuerOptions } from "./issuer-keys.ts";
export type { FetchedKeys, KeySource, TokenIssuer } from "./token-issuer.ts";
export {
  createTokenReviewAuthenticator,
  processTokenReview,
  type TokenReviewAudiences,
  type TokenReviewClient,
  type TokenReviewOptions,
} from "./token-review.ts";
export type { TokenFinding } from "./token-verifier.ts";
export {
  createWebhookCallerAuthenticator,
  explainToken,
  type WebhookCallerOptions,
} from "./webhook-callers.ts";
export type { ConfigurationPin, WebhookTokenRules } from "./webhook-token.ts";
