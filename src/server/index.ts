/**
 * Webhook servers that know who is calling: the one `countersign serve` runs ({@link createWebhookServer}), the same for a
 * server of your own ({@link createNodeHandler}, {@link createExpressHandler}), and the verification alone
 * ({@link verifyAdmissionRequest}). The kubelet gateway that `countersign gateway` runs ({@link createGatewayServer}), and the
 * way in of an API server of your own ({@link createAPIAccess}).
 */

export { type AnswerStatus, AnswerStatusError } from "../apis/answer-status.ts";
export type { APIGroup, APIResource, APIResourceList, GroupVersionForDiscovery } from "../apis/discovery.ts";
export type {
  SelfSubjectReviewSwitches,
  SelfSubjectReviewVersion,
} from "../authentication/self-subject-review.ts";
export type { GatewayConfiguration } from "../configuration/gateway-configuration.ts";
export {
  loadGatewayConfiguration,
  parseGatewayConfiguration,
} from "../configuration/load-gateway-configuration.ts";
export {
  loadServerConfiguration,
  parseServerConfiguration,
} from "../configuration/load-server-configuration.ts";
export type { ServerConfiguration } from "../configuration/server-configuration.ts";
export {
  type AdmissionMetrics,
  type AdmissionMetricsOptions,
  createAdmissionMetrics,
} from "../monitoring/admission-metrics.ts";
export { createLog, type Log, type LogLevel, type LogOptions } from "../monitoring/log.ts";
export { type APIAccessOptions, createAPIAccess } from "./api/api-access.ts";
export type { APIContext, APIMiddleware, APIState } from "./api/api-state.ts";
export {
  createSelfSubjectReviews,
  type SelfSubjectReviewDiscovery,
  type SelfSubjectReviewsOptions,
  selfSubjectReviewDiscovery,
} from "./api/self-subject-reviews.ts";
export {
  createGatewayServer,
  type GatewayServer,
  type GatewayServerOptions,
} from "./gateway/gateway-server.ts";
export {
  type AdmissionRoute,
  type AdmissionRouteOptions,
  createAdmissionRoute,
  type RouteLimits,
  type RouteMode,
} from "./review/admission-route.ts";
export {
  createExpressHandler,
  createNodeHandler,
  type NextFunction,
  type NodeHandler,
} from "./review/node-handler.ts";
export {
  type AdmissionRequestToVerify,
  type AdmissionVerification,
  verifyAdmissionRequest,
} from "./review/verify-admission-request.ts";
export type { WireAnswer } from "./review/wire-answer.ts";
export {
  createWebhookServer,
  type WebhookServer,
  type WebhookServerOptions,
} from "./webhooks/webhook-server.ts";
