import type { UserInfo } from "../apis/authentication.ts";
import type { NonResourceAttributes, ResourceAttributes } from "../apis/authorization.ts";
import type { CountersignError } from "../errors.ts";
import type { MaybePromise } from "../maybe-promise.ts";

/** What somebody wants to do: exactly one of a resource and a path. */
export interface AccessAttributes {
  readonly user: UserInfo;
  readonly resource?: ResourceAttributes;
  readonly nonResource?: NonResourceAttributes;
}

/** `noOpinion` is a refusal where nobody else is asked. */
export interface AccessDecision {
  readonly decision: "allow" | "deny" | "noOpinion";
  /** Empty where there is none. */
  readonly reason: string;
  /** Why no leave can be relied upon: who answers requests says 500, not 403. Never beside `allow`. */
  readonly error?: CountersignError;
}

/** Says whether somebody may. Not to be able to say so is a throw. */
export interface Authorizer {
  authorize(
    attributes: AccessAttributes,
    options?: { readonly signal?: AbortSignal | undefined },
  ): MaybePromise<AccessDecision>;
}
