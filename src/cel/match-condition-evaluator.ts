import type { AdmissionAttributes } from "../admission/admission-attributes.ts";
import type { Webhook, WebhookConfigurationKind } from "../apis/admissionregistration.ts";
import type { CountersignError } from "../errors.ts";
import type { MaybePromise } from "../maybe-promise.ts";

/** Which webhook's conditions, and the request in the version of its kind that the webhook is shown. */
export interface MatchConditionRequest {
  readonly kind: WebhookConfigurationKind;
  readonly webhook: Webhook;
  readonly attributes: AdmissionAttributes;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What a webhook's match conditions say. `excluded`: one of them is false, and what others had against the request does
 * not count. `failed`: none is false and at least one could not be evaluated.
 */
export type MatchConditionVerdict =
  | { readonly outcome: "matches" }
  | { readonly outcome: "excluded"; readonly condition: string }
  | { readonly outcome: "failed"; readonly error: CountersignError };

/** Evaluates `matchConditions`. Never throws for what an expression says or does. */
export interface MatchConditionEvaluator {
  evaluate(request: MatchConditionRequest): MaybePromise<MatchConditionVerdict>;
}
