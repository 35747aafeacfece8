import type { SubjectAccessReview } from "../../apis/authorization.ts";
import type { RestClient } from "../../transport/rest-client.ts";
import type { ReviewClients } from "../../transport/review-clients.ts";
import { type Attempt, createAttempt } from "./attempt.ts";

/** Whatever the API server answers, but that it does not know us: who asks something is told the rest. */
export function untilAnswered(cluster: Pick<RestClient, "send">): Attempt<number> {
  return createAttempt({
    pending: "the API server has not answered yet",
    async attempt(signal) {
      const { status } = await cluster.send({ path: "/version", signal });
      if (status === 401 || status >= 500) throw new Error(`it answered ${status}`);
      return status;
    },
  });
}

/** A question about nobody: without the grant to ask, every request would be answered 500. */
export function untilReviewed(reviews: Pick<ReviewClients, "createSubjectAccessReview">): Attempt<unknown> {
  return createAttempt({
    pending: "the API server has not answered a SubjectAccessReview yet",
    attempt: (signal) => reviews.createSubjectAccessReview(aboutNobody, { signal }),
  });
}

const aboutNobody: SubjectAccessReview = {
  apiVersion: "authorization.k8s.io/v1",
  kind: "SubjectAccessReview",
  spec: { user: "system:anonymous", nonResourceAttributes: { path: "/readyz", verb: "get" } },
};
