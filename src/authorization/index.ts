/** Whether a caller may show a webhook this review. */
export {
  type AttestedCaller,
  assertReviewGroups,
  type ReviewedGroups,
  type ReviewedObject,
  type ReviewGroupOptions,
} from "./attested-api-group.ts";
