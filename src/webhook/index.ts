/** Calling admission webhooks as an API server does, with tokens that prove who calls. */
export type { AdmissionAttributes, DispatchNotes, DispatchOptions } from "./admission-attributes.ts";
export {
  type AuthenticationInfoResolver,
  type AuthenticationInfoResolverOptions,
  createAuthenticationInfoResolver,
  type RequestedTokens,
  type WebhookTarget,
} from "./authentication-info-resolver.ts";
export type { PresentedCredential } from "./bearer.ts";
export type { ClientConfig } from "./client-config.ts";
export { dispatchStatus } from "./dispatch-errors.ts";
export type { DispatcherOptions } from "./dispatcher.ts";
export { type FoundWebhook, findWebhooksByHostPort } from "./find-webhooks-by-host-port.ts";
export { type ExcludedResource, kubeAPIServerExclusions } from "./hook-selection.ts";
export { listWebhookConfigurations } from "./list-webhook-configurations.ts";
export { createMutatingDispatcher, type MutatingDispatcher } from "./mutating-dispatcher.ts";
export { dnsServiceResolver, type ServiceResolver } from "./service-resolver.ts";
export { createValidatingDispatcher, type ValidatingDispatcher } from "./validating-dispatcher.ts";
export type { WebhookService } from "./webhook-address.ts";
export {
  createWebhookClient,
  type WebhookAnswer,
  type WebhookCallOptions,
  type WebhookClient,
  type WebhookClientOptions,
} from "./webhook-client.ts";
export { interceptsTokenRequests, type NamespaceLabels } from "./webhook-matcher.ts";
