import type { AdmissionRequestEnvelope } from "../apis/admission.ts";
import type { UserInfo } from "../apis/authentication.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { Denial, type FreeForm, type PolicyReview, type ReviewCaller } from "./policy.ts";
import { denialCode } from "./response.ts";
import type { DecodedReview } from "./review.ts";
import type { ReviewDeadline } from "./review-deadline.ts";
import type { ReviewNotes } from "./review-notes.ts";

export interface PolicyReviewOptions {
  readonly decoded: DecodedReview;
  readonly caller: ReviewCaller | undefined;
  readonly deadline: ReviewDeadline;
  readonly notes: ReviewNotes;
  /** The object as this policy is to see it. Asked for once, when the policy first reads it; a copy of the policy's own. */
  readonly object: () => unknown;
}

/**
 * What one policy is shown of a review. Its objects are its own; what it shares with others (request, user, caller) is
 * frozen when it is first read, so that no policy can change what another one, or the log, sees.
 */
export function createPolicyReview(options: PolicyReviewOptions): PolicyReview<FreeForm> {
  return new ShownReview(options);
}

/** Not read yet. */
const unread = Symbol("unread");

/** A class, against the house's habit: a literal with seven accessors costs every review 2 µs. */
class ShownReview implements PolicyReview<FreeForm> {
  private readonly shown: PolicyReviewOptions;
  private ownObject: unknown = unread;
  private ownOldObject: unknown = unread;
  private ownOptions: unknown = unread;
  // members rather than methods: a policy may take them out of the review by destructuring
  readonly deny = deny;
  readonly warn: ReviewNotes["warn"];
  readonly audit: ReviewNotes["audit"];

  constructor(shown: PolicyReviewOptions) {
    this.shown = shown;
    this.warn = shown.notes.warn;
    this.audit = shown.notes.audit;
  }

  get request(): AdmissionRequestEnvelope {
    return deepFreeze(this.shown.decoded.request);
  }

  get user(): UserInfo {
    return deepFreeze(this.shown.decoded.request.userInfo);
  }

  get caller(): ReviewCaller | undefined {
    return deepFreeze(this.shown.caller);
  }

  get object(): FreeForm {
    if (this.ownObject === unread) this.ownObject = this.shown.object();
    return this.ownObject;
  }

  get oldObject(): FreeForm {
    if (this.ownOldObject === unread) this.ownOldObject = this.shown.decoded.oldObject?.value();
    return this.ownOldObject;
  }

  get options(): FreeForm {
    if (this.ownOptions === unread) this.ownOptions = this.shown.decoded.options?.value();
    return this.ownOptions;
  }

  get signal(): AbortSignal {
    return this.shown.deadline.signal;
  }
}

function deny(message: string, details?: { readonly code?: number; readonly reason?: string }): Denial {
  return new Denial(String(message), denialCode(details?.code), details?.reason);
}
