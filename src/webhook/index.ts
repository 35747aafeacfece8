/** Calling admission webhooks as an API server does, with tokens that prove who calls. */

export {
  type AuthenticationInfoResolver,
  type AuthenticationInfoResolverOptions,
  createAuthenticationInfoResolver,
  type RequestedTokens,
  type WebhookTarget,
} from "./client/authentication-info-resolver.ts";
export type { PresentedCredential } from "./client/bearer.ts";
export type { ClientConfig } from "./client/client-config.ts";
export { dnsServiceResolver, type ServiceResolver } from "./client/service-resolver.ts";
export type { WebhookService } from "./client/webhook-address.ts";
export {
  createWebhookClient,
  type WebhookAnswer,
  type WebhookCallOptions,
  type WebhookClient,
  type WebhookClientOptions,
} from "./client/webhook-client.ts";
export { dispatchStatus } from "./dispatch/dispatch-errors.ts";
export type { DispatcherOptions } from "./dispatch/dispatcher.ts";
export { type ExcludedResource, kubeAPIServerExclusions } from "./dispatch/hook-selection.ts";
export { createMutatingDispatcher, type MutatingDispatcher } from "./dispatch/mutating-dispatcher.ts";
export { createValidatingDispatcher, type ValidatingDispatcher } from "./dispatch/validating-dispatcher.ts";
export { type FoundWebhook, findWebhooksByHostPort } from "./endpoints/find-webhooks-by-host-port.ts";
export type { AdmissionAttributes, DispatchNotes, DispatchOptions } from "./matching/admission-attributes.ts";
export { interceptsTokenRequests, type NamespaceLabels } from "./matching/webhook-matcher.ts";
export { listWebhookConfigurations } from "./sources/list-webhook-configurations.ts";
