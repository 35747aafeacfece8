import type { X509Certificate } from "node:crypto";
import type { ServiceAccountReference } from "../apis/authentication.ts";
import type { Clock } from "../clock.ts";
import { CountersignError } from "../errors.ts";
import { andThen } from "../maybe-promise.ts";
import type { Secret } from "../secret.ts";
import type { PresentedCredentials, RequestAuthenticator, TokenAuthenticator } from "./authenticator.ts";
import { createBearerTokenAuthenticator } from "./bearer-token.ts";
import { createCachedTokenAuthenticator } from "./cached-token.ts";
import { createClientCertificateAuthenticator } from "./client-certificate.ts";
import { serviceAccountTokenProfile } from "./service-account-token.ts";
import { algorithmCheck, issuerCheck, signatureProof } from "./signature-proof.ts";
import type { TokenProfile, TokenProof } from "./token-check.ts";
import type { TokenIssuer } from "./token-issuer.ts";
import { createTokenReviewAuthenticator, type TokenReviewClient } from "./token-review.ts";
import { createTokenVerifier, type TokenFinding, type TokenVerifier } from "./token-verifier.ts";
import { type WebhookTokenRules, webhookTokenProfile } from "./webhook-token.ts";

/** Who may call one webhook route. */
export interface WebhookCallerOptions {
  /** This route's audiences, byte for byte as the issuer writes them (`serviceAudience`, `webhookAudience`). */
  readonly audiences: readonly string[];
  /** Every audience of this server: a plain token that is good for anybody else is refused. Default: the route's. */
  readonly serverAudiences?: readonly string[];
  /** Whose tokens are believed. */
  readonly issuers: readonly TokenIssuer[];
  /** Accept webhook-bound tokens (KEP-6060) under these rules. Default: none are accepted. */
  readonly webhookTokens?: WebhookTokenRules;
  /** Accept plain audience tokens of these ServiceAccounts. Default: none are accepted. */
  readonly serviceAccounts?: readonly ServiceAccountReference[];
  /** Accept client certificates. Default: none are accepted. */
  readonly clientCertificates?: {
    readonly names: readonly string[];
    readonly ca: () => readonly X509Certificate[];
  };
  /**
   * Besides all this, ask the API server whether it still stands by the token: it knows of deleted ServiceAccounts and
   * configurations. Costs a call for each token every 10 s, and refuses everybody while the server is away.
   */
  readonly tokenReview?: {
    readonly client: TokenReviewClient;
    readonly implicitAudiences?: readonly string[];
    readonly timeoutMs?: number;
  };
  /** For `nbf` and `iat`. Default 60 s. `exp` has none. */
  readonly leewaySeconds?: number;
  /** How long a good token is believed. Default 60 000 (1 min), with TokenReview 10 000 (10 s); 0 is not at all. */
  readonly cacheTTLMs?: number;
  readonly clock?: Clock;
}

/**
 * Authenticates the callers of one webhook route. Whatever is presented must be accepted: a bad token beside a good
 * certificate is refused, and the other way round. With both good the caller is the token's. A certificate nobody
 * configured is ignored beside a good token (an API server may present one to every webhook) and refused alone. Never
 * answers undefined. A token that has been verified is answered without a promise for as long as it is remembered.
 *
 * @throws ERR_CONFIGURATION at once, where no audience is given, or nobody could ever be accepted.
 * @returns an authenticator that throws ERR_CREDENTIALS_MISSING where nothing is presented, and the code of the first
 * rule that what is presented does not keep: ERR_AUTHORIZATION_*, ERR_TOKEN_*, ERR_CALLER_UNNAMED, ERR_CERTIFICATE_*,
 * ERR_ISSUER_UNAVAILABLE.
 */
export function createWebhookCallerAuthenticator(options: WebhookCallerOptions): RequestAuthenticator {
  const bearer = bearerAuthenticator(options);
  const { clientCertificates } = options;
  const certificates =
    clientCertificates &&
    createClientCertificateAuthenticator({
      ...clientCertificates,
      ...(options.clock && { clock: options.clock }),
    });
  return {
    authenticateRequest: (credentials) =>
      andThen(certificates?.authenticateRequest(credentials), (certified) =>
        andThen(bearer.authenticateRequest(credentials), (bearing) => {
          const caller = bearing ?? certified;
          if (caller === undefined) throw nothingAccepted(credentials);
          return caller;
        }),
      ),
  };
}

/**
 * Every check that the route's authenticator would make of the token, in its order, each with its outcome and the two
 * values it compared. A bad token is a finding, not a throw. Nothing is remembered.
 */
export async function explainToken(
  token: Secret,
  options: WebhookCallerOptions,
): Promise<readonly TokenFinding[]> {
  return tokenVerifier(options).explain(token);
}

function bearerAuthenticator(options: WebhookCallerOptions): RequestAuthenticator {
  const { tokenReview, issuers, clock } = options;
  const ttlMs = options.cacheTTLMs ?? (tokenReview === undefined ? 60_000 : 10_000);
  if (!acceptsTokens(options)) return createBearerTokenAuthenticator(tokenRefuser(options));
  const verifier = tokenVerifier(options);
  if (ttlMs <= 0) return createBearerTokenAuthenticator(verifier);
  const generation = (): number => issuers.reduce((sum, issuer) => sum + issuer.generation(), 0);
  return createBearerTokenAuthenticator(verifier, (authenticator) =>
    createCachedTokenAuthenticator({ authenticator, ttlMs, generation, ...(clock && { clock }) }),
  );
}

function acceptsTokens({ webhookTokens, serviceAccounts }: WebhookCallerOptions): boolean {
  return webhookTokens !== undefined || serviceAccounts !== undefined;
}

function tokenRefuser({ clientCertificates }: WebhookCallerOptions): TokenAuthenticator {
  if (clientCertificates === undefined)
    throw new CountersignError(
      "ERR_CONFIGURATION",
      "authentication: accepts nobody; give webhookTokens, serviceAccounts or clientCertificates",
    );
  return {
    authenticateToken() {
      throw new CountersignError(
        "ERR_TOKEN_UNACCEPTED",
        "token kind: expected none, this route accepts certificates only",
      );
    },
  };
}

function tokenVerifier(options: WebhookCallerOptions): TokenVerifier {
  const { audiences, issuers } = options;
  if (audiences.length === 0 || audiences.includes(""))
    throw new CountersignError("ERR_CONFIGURATION", "audiences: expected at least one, none empty");
  return createTokenVerifier({
    checks: issuers.length === 0 ? [algorithmCheck] : [algorithmCheck, issuerCheck(issuers)],
    profiles: tokenProfiles(options),
    proofs: tokenProofs(options),
    ...(options.clock && { clock: options.clock }),
  });
}

function tokenProfiles(options: WebhookCallerOptions): readonly TokenProfile[] {
  const { audiences, webhookTokens, serviceAccounts, leewaySeconds } = options;
  const serverAudiences = options.serverAudiences ?? audiences;
  const leeway = leewaySeconds === undefined ? {} : { leewaySeconds };
  return [
    ...(webhookTokens === undefined ? [] : [webhookTokenProfile({ ...webhookTokens, audiences, ...leeway })]),
    ...(serviceAccounts === undefined
      ? []
      : [serviceAccountTokenProfile({ audiences, serverAudiences, serviceAccounts, ...leeway })]),
  ];
}

function tokenProofs(options: WebhookCallerOptions): readonly TokenProof[] {
  const { issuers, tokenReview, audiences, clock } = options;
  const review = tokenReview && createTokenReviewAuthenticator({ ...tokenReview, audiences });
  return [
    ...(issuers.length === 0 ? [] : [signatureProof({ issuers, ...(clock && { clock }) })]),
    ...(review === undefined
      ? []
      : [{ name: "token review", prove: (_: unknown, token: Secret) => review.authenticateToken(token) }]),
  ];
}

function nothingAccepted({ clientCertificate }: PresentedCredentials): CountersignError {
  return clientCertificate === undefined
    ? new CountersignError(
        "ERR_CREDENTIALS_MISSING",
        "credentials: neither a token nor a certificate was presented",
      )
    : new CountersignError(
        "ERR_CERTIFICATE_UNTRUSTED",
        "client certificate: this route accepts none, and no token came with it",
      );
}
