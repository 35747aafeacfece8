/** `countersign`: the types and the few factories that most programs need. */
export {
  Denial,
  definePolicy,
  type FreeForm,
  type Policy,
  type PolicyReview,
  type ReviewCaller,
  type Verdict,
} from "./admission/policy.ts";
