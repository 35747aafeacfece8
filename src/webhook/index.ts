/**
 * Calling admission webhooks as an API server does, with tokens that prove who calls; and reaching the API server that has
 * the configurations, mints the tokens and answers reviews.
 */

export type { AdmissionAttributes } from "../admission/admission-attributes.ts";
export {
  createMatchConditionEvaluator,
  type MatchConditionEvaluatorOptions,
} from "../cel/cel-match-condition-evaluator.ts";
export type {
  MatchConditionEvaluator,
  MatchConditionRequest,
  MatchConditionVerdict,
} from "../cel/match-condition-evaluator.ts";
export {
  type AuthenticationConfigMap,
  type AuthenticationConfigMapOptions,
  watchAuthenticationConfigMap,
} from "../transport/authentication-config-map.ts";
export type { ClusterConnection, CredentialKind } from "../transport/cluster-connection.ts";
export { type FindClusterOptions, findCluster } from "../transport/kubeconfig-connection.ts";
export { apiPath, createRestClient, type RestClient } from "../transport/rest-client.ts";
export {
  createReviewClients,
  type ReviewClients,
  type ReviewClientsOptions,
} from "../transport/review-clients.ts";
export { createTokenRequestClient } from "../transport/token-request-client.ts";
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
export type { ShownRequest } from "./client/webhook-request.ts";
export { dispatchStatus } from "./dispatch/dispatch-errors.ts";
export type { DispatcherOptions, PatchedObjects } from "./dispatch/dispatcher.ts";
export { type ExcludedResource, kubeAPIServerExclusions } from "./dispatch/excluded-resources.ts";
export {
  createMutatingDispatcher,
  type MutatingDispatcher,
  type MutatingDispatcherOptions,
  type MutationOptions,
} from "./dispatch/mutating-dispatcher.ts";
export { createValidatingDispatcher, type ValidatingDispatcher } from "./dispatch/validating-dispatcher.ts";
export { type FoundWebhook, findWebhooksByHostPort } from "./endpoints/find-webhooks-by-host-port.ts";
export type { DispatchNotes, DispatchOptions } from "./matching/dispatch-options.ts";
export type { EquivalentResource, EquivalentResources } from "./matching/equivalent-resources.ts";
export { interceptsTokenRequests, type NamespaceLabels } from "./matching/webhook-matcher.ts";
export {
  authenticationSourceAnnotation,
  withAuthenticationSources,
} from "./sources/authentication-source-annotation.ts";
export { combineWebhookConfigurationSources } from "./sources/combine-webhook-configuration-sources.ts";
export { faultOf } from "./sources/configuration-faults.ts";
export { fixedWebhookConfigurations } from "./sources/fixed-webhook-configurations.ts";
export { listWebhookConfigurations } from "./sources/list-webhook-configurations.ts";
export {
  type LoadManifestDirectoryOptions,
  loadManifestDirectory,
} from "./sources/load-manifest-directory.ts";
export {
  validateWebhookClientConfig,
  type WebhookClientConfigFault,
} from "./sources/validate-webhook-client-config.ts";
export {
  type WatchWebhookConfigurationsOptions,
  watchWebhookConfigurations,
} from "./sources/watch-webhook-configurations.ts";
export type {
  LiveWebhookConfigurationSource,
  WebhookConfigurationSource,
} from "./sources/webhook-configuration-source.ts";
