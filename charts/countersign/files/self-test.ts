import { definePolicy } from "countersign";

interface SelfTest {
  readonly spec?: { readonly caller?: "none" | "accepted" };
}

// no API server has this resource: only `helm test` calls, and says what it expects to be taken for
export default definePolicy<SelfTest>({
  name: "self-test",
  match: [
    {
      apiGroups: ["countersign.dev"],
      apiVersions: ["v1alpha1"],
      operations: ["CREATE"],
      resources: ["selftests"],
    },
  ],
  validate(review) {
    const { caller } = review;
    const expected = review.object.spec?.caller;
    if (caller === undefined) review.warn("the caller did not prove who it is: mode enforce would refuse it");
    else review.warn(`the caller is ${caller.user.username}, by ${caller.method}`);
    if (expected === undefined || (expected === "accepted") === (caller !== undefined)) return true;
    return review.deny(`the self-test was to be called by a caller that is ${expected}`);
  },
});
