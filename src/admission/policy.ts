import type { AdmissionRequestEnvelope } from "../apis/admission.ts";
import type { RuleWithOperations } from "../apis/admissionregistration.ts";
import type { UserInfo } from "../apis/authentication.ts";

/** What a policy may know of the caller: the transport's identity, never the user in the review. */
export interface ReviewCaller {
  readonly method: string;
  readonly user: UserInfo;
  readonly attestedAPIGroup?: string;
}

/** A denial, made by {@link PolicyReview.deny}. Branded, so that no object of a policy's own can pass for one. */
export class Denial {
  readonly message: string;
  /** HTTP status the API server answers its client with. Default 403. */
  readonly code: number;
  readonly reason: string | undefined;

  constructor(message: string, code: number, reason: string | undefined) {
    this.message = message;
    this.code = code;
    this.reason = reason;
  }
}

/**
 * What a policy is shown. `object`, `oldObject` and `options` are parsed when first read, and are the policy's own to
 * change; `request`, `user` and `caller` are frozen. Numbers are as `JSON.parse` gives them: integers beyond 2^53 are
 * rounded, except in `mutate`, where they are bigints so that they survive.
 */
export interface PolicyReview<T> {
  /** The review without its free-form slots. */
  readonly request: AdmissionRequestEnvelope;
  /** Who made the request under review. */
  readonly user: UserInfo;
  /** Who called this webhook; undefined where the route authenticates nobody. */
  readonly caller: ReviewCaller | undefined;
  /** Undefined on DELETE. */
  readonly object: T;
  /** Undefined on CREATE and CONNECT. */
  readonly oldObject: T;
  readonly options: FreeForm;
  /** Aborted when the review's deadline has passed. */
  readonly signal: AbortSignal;
  /** The denial to return. `code` is 403 unless it is one between 400 and 599. */
  deny(message: string, details?: { readonly code?: number; readonly reason?: string }): Denial;
  /** Shown to the user by kubectl. At most 4096 characters of all together arrive; above that, 256 of each. */
  warn(message: string): void;
  /**
   * An audit annotation; the API server puts the webhook's name and a slash before the key.
   * @throws TypeError where it would then drop it: a key is letters, digits, `-`, `_` and `.`, 63 at most.
   */
  audit(key: string, value: string): void;
}

/** Whatever JSON holds: what the object is typed as where the author does not say its kind. */
export type FreeForm = ReturnType<typeof JSON.parse>;

/** `true` allows; `false` and a {@link Denial} deny; anything else is a denial with a code of its own. */
export type Verdict = boolean | Denial;

/** A judgement of requests, made by {@link definePolicy}: it needs a `match`, and `validate` or `mutate` or both. */
export interface Policy<T = FreeForm> {
  readonly name: string;
  /** The API server's own matching rules. Required: a policy says what it judges. */
  readonly match: readonly RuleWithOperations[];
  readonly validate?: (review: PolicyReview<T>) => Verdict | Promise<Verdict>;
  /**
   * Changes `review.object` in place or returns the object that shall be; a Denial denies. The difference becomes the
   * JSON patch. Only on routes of a mutating webhook, where every `mutate` runs before the first `validate`, each on
   * what the one before it left. Anything that is not the object (another kind, a string, `true`) denies.
   */
  readonly mutate?: (review: PolicyReview<T>) => T | Denial | undefined | Promise<T | Denial | undefined>;
}

/** Says that an object is a policy; refused where it is loaded, not here, so that the error can name file and line. */
export function definePolicy<T = FreeForm>(policy: Policy<T>): Policy<T> {
  return policy;
}
