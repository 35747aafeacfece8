import { serviceAccountUsername } from "../../apis/authentication.ts";
import type { TokenIssuer } from "../../authentication/token-issuer.ts";
import type { TokenReviewClient } from "../../authentication/token-review.ts";
import {
  createWebhookCallerAuthenticator,
  type WebhookCallerOptions,
} from "../../authentication/webhook-callers.ts";
import type { Clock } from "../../clock.ts";
import type {
  ServerConfiguration,
  WebhookRouteConfiguration,
} from "../../configuration/server-configuration.ts";
import type { ClientCAs } from "../parts/client-cas.ts";
import { type AdmissionRoute, createAdmissionRoute } from "../review/admission-route.ts";
import type { CallerLabel } from "./metrics.ts";
import type { RoutePolicies } from "./route-policies.ts";

export interface ConfiguredRouteOptions {
  readonly configuration: ServerConfiguration;
  readonly issuers: readonly TokenIssuer[];
  readonly clientCAs: ClientCAs;
  readonly tokenReviews: TokenReviewClient | undefined;
  readonly policies: RoutePolicies;
  readonly clock: Clock;
}

/** The route that a configuration describes. */
export function createConfiguredRoute(
  webhook: WebhookRouteConfiguration,
  options: ConfiguredRouteOptions,
): AdmissionRoute {
  const { limits } = options.configuration;
  const { path, type, authentication, subresourceGroups } = webhook;
  const authenticator =
    authentication.mode === "off"
      ? undefined
      : createWebhookCallerAuthenticator(callerOptions(webhook, options));
  return createAdmissionRoute({
    path,
    mode: authentication.mode,
    policies: options.policies.current,
    mutating: type === "mutating",
    clock: options.clock,
    limits: {
      maxBodyBytes: limits.maxBodyBytes,
      bodyTimeoutMs: limits.bodyTimeout.ms,
      deadlineMs: limits.deadline.ms,
      deadlineMarginMs: limits.deadlineMargin.ms,
    },
    ...(authenticator !== undefined && { authenticator }),
    ...(subresourceGroups !== undefined && { subresourceGroups }),
  });
}

export type CallerOptionsParts = Pick<
  ConfiguredRouteOptions,
  "configuration" | "issuers" | "clientCAs" | "tokenReviews" | "clock"
>;

/** Who may call a route, as its configuration says it. */
export function callerOptions(
  { audiences = [], authentication }: WebhookRouteConfiguration,
  { configuration, issuers, clientCAs, tokenReviews, clock }: CallerOptionsParts,
): WebhookCallerOptions {
  const { webhookTokens, serviceAccounts, clientCertificates, tokenReview } = authentication;
  return {
    audiences,
    serverAudiences: configuration.webhooks.flatMap((webhook) => webhook.audiences ?? []),
    issuers,
    leewaySeconds: configuration.leeway.ms / 1000,
    clock,
    ...(webhookTokens !== undefined && {
      webhookTokens: { ...webhookTokens, maxLifetimeSeconds: webhookTokens.maxLifetime.ms / 1000 },
    }),
    ...(serviceAccounts !== undefined && { serviceAccounts }),
    ...(clientCertificates !== undefined && {
      clientCertificates: {
        names: clientCertificates.names,
        ca: () => clientCAs.of(clientCertificates.caFile).certificates,
      },
    }),
    ...(tokenReview !== undefined &&
      tokenReviews !== undefined && { tokenReview: { ...tokenReview, client: tokenReviews } }),
  };
}

/** A caller's name in metrics: as the configuration has it, or `unknown`, so that no caller makes up new ones. */
export function callerLabel({ authentication }: WebhookRouteConfiguration): CallerLabel {
  const { webhookTokens, serviceAccounts = [], clientCertificates } = authentication;
  const labels = new Map<string, string>();
  for (const account of [...serviceAccounts, ...(webhookTokens?.serviceAccounts ?? [])])
    labels.set(serviceAccountUsername(account), `${account.namespace}/${account.name}`);
  for (const name of clientCertificates?.names ?? []) labels.set(name, name);
  return (username) => labels.get(username) ?? "unknown";
}
