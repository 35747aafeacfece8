import { accepted, refused, type VectorDefinition, withPrivateClaims } from "./definition.ts";
import type { ReviewName } from "./reviews.ts";

const any = {
  route: "bound, * from one ServiceAccount",
  token: withPrivateClaims({ attestations: { admissionReviewAPIGroups: ["*"] } }),
} as const;

function all(
  reviews: readonly ReviewName[],
  of: (review: ReviewName) => Omit<VectorDefinition, "name" | "review">,
): readonly VectorDefinition[] {
  return reviews.map((review) => ({ name: review, review, ...of(review) }));
}

/** Whether the caller may show this review: what it says of its own groups, and what the token attests. */
export const reviewGroups: readonly VectorDefinition[] = [
  ...all(["create Deployment, v1beta1", "delete Deployment", "scale Deployment"], () => ({
    token: {},
    expected: accepted("apps"),
  })),
  ...all(["create Pod", "evict Pod", "exec into Pod", "create Job"], () => ({
    ...any,
    expected: accepted("*"),
  })),
  ...all(["create Pod", "create Job", "create Deployment, asked for as extensions"], () => ({
    token: {},
    expected: refused("ERR_GROUP_NOT_ATTESTED"),
  })).map((vector) => ({ ...vector, name: `${vector.name}, where apps is attested` })),
  ...all(
    [
      "Deployment's resource with a Job's kind",
      "Deployment's resource and kind with a Pod as object",
      "Deployment's resource and kind with a Pod as oldObject",
      "scale of a kind that is no Scale",
    ],
    () => ({ token: {}, expected: refused("ERR_GROUP_INCONSISTENT") }),
  ),
  ...all(["create Deployment, its resource twice"], () => ({
    token: {},
    expected: refused("ERR_REVIEW_DUPLICATE_MEMBER"),
  })),
  ...all(["a review of another API"], () => ({ token: {}, expected: refused("ERR_REVIEW_VERSION") })),
];
