/** `countersign`: the policy contract, and what every door has in common. Loads no dependency. */
export {
  Denial,
  definePolicy,
  type FreeForm,
  type Policy,
  type PolicyReview,
  type ReviewCaller,
  type Verdict,
} from "./admission/policy.ts";
export type { RuleWithOperations } from "./apis/admissionregistration.ts";
export { serviceAudience, webhookAudience } from "./apis/audience.ts";
export type { ServiceAccountReference, UserInfo } from "./apis/authentication.ts";
export { type Clock, systemClock } from "./clock.ts";
export {
  type DiagnosticsChannel,
  type DiagnosticsMessages,
  diagnosticsChannel,
} from "./diagnostics.ts";
export { CountersignError, type ErrorCode, errorCodeOf, errorCodes } from "./errors.ts";
export { Secret } from "./secret.ts";
