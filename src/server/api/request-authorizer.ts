import { AnswerStatusError } from "../../apis/answer-status.ts";
import type { UserInfo } from "../../apis/authentication.ts";
import { forbiddenStatus } from "../../authorization/access-status.ts";
import type { Authorizer } from "../../authorization/authorizer.ts";
import { accessAttributes, type RequestInfo } from "../../authorization/request-attributes.ts";

/** A request whose caller is known. */
export interface RequestToAuthorize {
  readonly method: string;
  /** Path and query as they came. */
  readonly url: string;
  readonly user: UserInfo;
  readonly info: RequestInfo;
}

/** Lets a request through, or throws. */
export interface RequestAuthorizer {
  /**
   * @returns the permission that was asked about, as `nodes/metrics`, where it is another than the request's attributes name.
   * @throws AnswerStatusError 403 for who may not; anything else where that cannot be said.
   */
  assertAuthorized(
    request: RequestToAuthorize,
    options: { readonly signal: AbortSignal },
  ): Promise<string | undefined>;
}

/** Asks about a request's attributes, and refuses whatever is not allowed. */
export function createRequestAuthorizer(authorizer: Authorizer): RequestAuthorizer {
  return {
    async assertAuthorized({ user, info }, options) {
      const asked = askedFor(info);
      const { decision, reason, error } = await authorizer.authorize(accessAttributes(user, asked), options);
      if (decision === "allow") return asked === info ? undefined : asked.resource;
      // a SubjectAccessReview that contradicts itself: upstream answers it as what could not be decided
      if (error !== undefined) throw error;
      throw new AnswerStatusError("ERR_ACCESS_DENIED", forbiddenStatus(user, asked, reason));
    },
  };
}

const attributesReviews = new Set(["selfsubjectattributesreview", "selfsubjectattributesreviews"]);

/**
 * KEP-3325's first name for a SelfSubjectReview is the same question, and clusters grant it to everybody by its shipped name
 * (`system:basic-user`).
 */
function askedFor(info: RequestInfo): RequestInfo {
  const isOldName =
    info.group === "authentication.k8s.io" && info.parts.length === 1 && attributesReviews.has(info.resource);
  return isOldName ? { ...info, resource: "selfsubjectreviews" } : info;
}
