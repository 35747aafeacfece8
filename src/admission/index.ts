/** `countersign/admission`: policies, the codec of admission reviews, matching rules, JSON patch. */
export type {
  AdmissionRequest,
  AdmissionRequestEnvelope,
  AdmissionResponse,
  AdmissionReview,
  AdmissionReviewVersion,
} from "../apis/admission.ts";
export type { Operation, RuleWithOperations } from "../apis/admissionregistration.ts";
export type { MaybePromise } from "../maybe-promise.ts";
export { type AdmissionHandler, type AdmissionHandlerOptions, createAdmissionHandler } from "./handler.ts";
export { diffJSON, type JSONPatchOperation } from "./json-diff.ts";
export { encodeLossless } from "./json-encoder.ts";
export { applyJSONPatch, type JSONPatchOptions } from "./json-patch.ts";
export { parseLossless } from "./json-runtime.ts";
export type { JSONObject, JSONValue } from "./json-value.ts";
export {
  Denial,
  definePolicy,
  type FreeForm,
  type Policy,
  type PolicyReview,
  type ReviewCaller,
  type Verdict,
} from "./policy.ts";
export { assertPolicy, type PolicyCheckOptions, validatePolicy } from "./policy-check.ts";
export type { RawSlot, SlotTypeMeta } from "./raw-slot.ts";
export {
  type AllowedDetails,
  type AnsweredRequest,
  allowedResponse,
  type DenialDetails,
  deniedResponse,
  encodeReview,
  erroredResponse,
  type ResponseDetails,
} from "./response.ts";
export { type DecodedReview, decodeReview } from "./review.ts";
export { identityPrefixBytes, type ReviewIdentity, scanReviewIdentity } from "./review-scan.ts";
export { type RuleAttributes, ruleMatches, rulesMatch } from "./rules.ts";
