import type { WebhookConfigurationKind } from "../apis/admissionregistration.ts";
import type { UserInfo } from "../apis/authentication.ts";
import { CountersignError } from "../errors.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import type { Secret } from "../secret.ts";

/** How a caller proved who it is. */
export type AuthenticationMethod =
  | "webhookToken"
  | "serviceAccountToken"
  | "tokenReview"
  | "clientCertificate"
  | "requestHeader"
  | "anonymous";

/** The webhook configuration a token is bound to. */
export interface BoundConfiguration {
  readonly kind: WebhookConfigurationKind;
  readonly name: string;
  readonly uid: string;
}

/** Who called: the transport's identity, never the user in the review. */
export interface Caller {
  readonly method: AuthenticationMethod;
  /** As TokenReview would answer for the same credential. */
  readonly user: UserInfo;
  /** The audience the token was accepted for; absent for certificates. */
  readonly audience?: string;
  /** Webhook-bound tokens only: the one API group whose reviews the caller may show, or `*`. */
  readonly attestedAPIGroup?: string;
  /** Webhook-bound tokens only. */
  readonly boundConfiguration?: BoundConfiguration;
  /** Epoch milliseconds after which the credential must not be accepted any more. */
  readonly expiresAt?: number;
  /** What the caller should be told beside the answer, each as a `Warning: 299 - "…"` header. */
  readonly warnings?: readonly string[];
}

/** The peer's certificate, as the listener saw it. */
export interface PresentedCertificate {
  /** The leaf, DER. */
  readonly raw: Buffer;
  /** The intermediates the peer sent with it, DER, leaf excluded. */
  readonly chain: readonly Buffer[];
}

/** What of a request identifies its caller. */
export interface PresentedCredentials {
  /** Every `Authorization` value that came, in order: more than one is refused, not joined. */
  readonly authorization: readonly string[];
  /** Absent where the peer sent none. */
  readonly clientCertificate?: PresentedCertificate;
  /**
   * Every header as it came, names and values in turn, as node's `rawHeaders`: what a front proxy says of its user. Absent
   * where no proxy is believed.
   */
  readonly rawHeaders?: readonly string[];
  /** The request's path as it was sent: without its query, nothing decoded. Absent, no condition on paths is met. */
  readonly path?: string;
}

/**
 * Says who a request comes from. `undefined` is "no credential of mine was presented"; a credential that was presented
 * and is not accepted is a throw, never `undefined`.
 */
export interface RequestAuthenticator {
  authenticateRequest(credentials: PresentedCredentials): MaybePromise<Caller | undefined>;
}

/**
 * Whoever was asked said of a token that it is nobody's, and nothing went wrong meanwhile: the same would be said again, so
 * a cache may remember it. Everything else that is thrown is forgotten at once.
 */
export class UnauthenticatedToken extends CountersignError {}

/**
 * Says whose a bearer token is. `undefined` is "not a token of mine, ask the next"; a token that is mine and not good
 * is a throw with its code.
 */
export interface TokenAuthenticator {
  authenticateToken(token: Secret): MaybePromise<Caller | undefined>;
}
