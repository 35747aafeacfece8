/**
 * Whether a caller may show a webhook this review ({@link assertReviewGroups}), whether a user may make this request of a
 * server that speaks as an API server ({@link createDelegatingAuthorizer}), or of a kubelet ({@link createKubeletAuthorizer}).
 */

export { type AnswerStatus, AnswerStatusError, answerStatus } from "../apis/answer-status.ts";
export { forbiddenStatus, unauthorizedStatus } from "./access-status.ts";
export { createAlwaysAllowAuthorizer } from "./always-allow.ts";
export { createAlwaysAllowedPathsAuthorizer } from "./always-allowed-paths.ts";
export {
  type AttestedCaller,
  assertReviewGroups,
  type ReviewedGroups,
  type ReviewedObject,
  type ReviewGroupOptions,
} from "./attested-api-group.ts";
export type { AccessAttributes, AccessDecision, Authorizer } from "./authorizer.ts";
export { createDelegatingAuthorizer, type DelegatingAuthorizerOptions } from "./delegating.ts";
export {
  createImpersonation,
  type Impersonation,
  type ImpersonationOptions,
  refuseImpersonation,
} from "./impersonation.ts";
export {
  createKubeletAuthorizer,
  type KubeletAuthorizationMode,
  type KubeletAuthorizerOptions,
} from "./kubelet-authorization.ts";
export type { KubeletAuthorizer, KubeletDecision, KubeletRequest } from "./kubelet-authorizer.ts";
export {
  kubeletAuthorizationErrorText,
  kubeletForbiddenText,
  kubeletUnauthorizedText,
  kubeletUndeterminedText,
} from "./kubelet-texts.ts";
export { isKubeletSubpath, kubeletVerb, nodeSubresources } from "./node-subresources.ts";
export { createPrivilegedGroupsAuthorizer } from "./privileged-groups.ts";
export {
  accessAttributes,
  type RequestAttributes,
  type RequestInfo,
  type RequestLine,
  requestInfo,
} from "./request-attributes.ts";
export { assertPlainPath } from "./request-path.ts";
export {
  accessReviewLifetimes,
  createSubjectAccessReviewAuthorizer,
  processAccessReview,
  type SubjectAccessReviewClient,
  type SubjectAccessReviewOptions,
} from "./subject-access-review.ts";
export { createUnionAuthorizer } from "./union.ts";
