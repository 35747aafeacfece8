import type { SelfSubjectReview } from "../apis/authentication.ts";
import { decodeStatus } from "../apis/status.ts";
import { type SelfSubjectReviewKind, selfSubjectReviewKinds } from "../authentication/self-subject-review.ts";
import { CountersignError } from "../errors.ts";
import { apiStatusError } from "./api-status.ts";
import { apiPath, type RestClient, type RestRequest, type RestResponse } from "./rest-client.ts";

/** What an API server answers to who one is. */
export interface SelfReview {
  readonly review: SelfSubjectReview;
  /** The authenticator that knew the caller, where the server tells it: Countersign's do. */
  readonly authenticatedBy: string | undefined;
}

/**
 * Asks who we are, as kubectl does it: in every version there has been, newest first, as long as the server has none of
 * them; and last by the name that KEP-3325 proposed.
 * @throws ERR_API_STATUS in kubectl's words: nothing of it is served (404), not allowed (403), not known (401).
 */
export async function reviewSelf(client: Pick<RestClient, "send">): Promise<SelfReview> {
  const [first, ...older] = selfSubjectReviewKinds;
  let asked = first!;
  let answer = await client.send(questionOf(asked));
  for (const next of older) {
    if (answer.status !== 404) break;
    asked = next;
    answer = await client.send(questionOf(asked));
  }
  return processSelfReview(answer, asked);
}

function questionOf({ group, version, kind, resource }: SelfSubjectReviewKind): RestRequest {
  return {
    path: apiPath("apis", group, version, resource),
    body: { kind, apiVersion: `${group}/${version}` },
  };
}

/** The review of an answer that is one. @throws ERR_API_STATUS, ERR_TRANSPORT for what is no answer to the question */
export function processSelfReview(
  { status, body, headers }: RestResponse<unknown>,
  { group, version, resource }: SelfSubjectReviewKind,
): SelfReview {
  const what = `${resource}.${group}`;
  const cause = decodeStatus(status, body);
  const failed = (message: string): Error => new CountersignError("ERR_API_STATUS", message, { cause });
  if (status === 404) throw failed("the selfsubjectreviews API is not enabled in the cluster");
  if (status === 403)
    throw failed(
      "the selfsubjectreviews API is not enabled in the cluster or you do not have permission to call it",
    );
  if (status === 401) throw failed(`You must be logged in to the server (${whyNot(body, what)})`);
  if (status < 200 || status > 299) throw apiStatusError(`create ${what}`, status, body);
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw new CountersignError("ERR_TRANSPORT", `create ${what}: the answer is no review (${version})`);
  const authenticatedBy = headers?.["countersign-authenticated-by"];
  return {
    review: body as SelfSubjectReview,
    authenticatedBy: typeof authenticatedBy === "string" ? authenticatedBy : undefined,
  };
}

/** client-go has words of its own for an answer that is no Status, as the kubelet's. */
function whyNot(body: unknown, what: string): string {
  const { message } = (typeof body === "object" && body !== null ? body : {}) as {
    readonly message?: string;
  };
  return message ?? `the server has asked for the client to provide credentials (post ${what})`;
}
