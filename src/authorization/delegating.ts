import { createAlwaysAllowedPathsAuthorizer } from "./always-allowed-paths.ts";
import type { Authorizer } from "./authorizer.ts";
import { createPrivilegedGroupsAuthorizer } from "./privileged-groups.ts";
import {
  createSubjectAccessReviewAuthorizer,
  type SubjectAccessReviewOptions,
} from "./subject-access-review.ts";
import { createUnionAuthorizer } from "./union.ts";

/** Whom a server asks that leaves it to a cluster to say who may do what, and what it need not ask. */
export interface DelegatingAuthorizerOptions extends SubjectAccessReviewOptions {
  /** May do everything without being asked about. Default `system:masters`. */
  readonly alwaysAllowGroups?: readonly string[];
  /** Open to everybody who is authenticated, or anonymous. Default `/healthz`, `/readyz` and `/livez`. */
  readonly alwaysAllowPaths?: readonly string[];
}

/**
 * Authorizes as an aggregated API server does by default: privileged groups, open paths, then SubjectAccessReview
 * (kubernetes/apiserver pkg/server/options). Refuse whatever is not `allow`.
 * @throws ERR_CONFIGURATION at once, for a path with a `*` that is not at its end.
 * @returns an authorizer that throws ERR_ACCESS_REVIEW_UNAVAILABLE where the cluster cannot be asked: answer 500.
 */
export function createDelegatingAuthorizer(options: DelegatingAuthorizerOptions): Authorizer {
  const {
    alwaysAllowGroups = ["system:masters"],
    alwaysAllowPaths = ["/healthz", "/readyz", "/livez"],
    ...review
  } = options;
  return createUnionAuthorizer([
    createPrivilegedGroupsAuthorizer(alwaysAllowGroups),
    createAlwaysAllowedPathsAuthorizer(alwaysAllowPaths),
    createSubjectAccessReviewAuthorizer(review),
  ]);
}
