import type { ApiObject, JsonObject } from "../objects/api-object.ts";
import { objectAt, stringAt, stringsAt } from "../objects/api-object.ts";
import { badRequest } from "../status/status-error.ts";
import type { RequestAuthentication } from "./request-authentication.ts";

export interface TokenReviewOptions {
  readonly authentication: RequestAuthentication;
  /** Asked for where the review names none. */
  readonly audiences: readonly string[];
}

/** POST tokenreviews: k8s.io/kubernetes pkg/registry/authentication/tokenreview. */
export function reviewToken(review: ApiObject, options: TokenReviewOptions): JsonObject {
  const spec = objectAt(review, "spec");
  const token = stringAt(spec, "token") ?? "";
  if (token === "") throw badRequest("token is required for TokenReview in authentication");
  const asked = stringsAt(spec, "audiences");
  return { ...review, status: statusOf(token, asked.length === 0 ? options.audiences : asked, options) };
}

function statusOf(
  token: string,
  audiences: readonly string[],
  { authentication }: TokenReviewOptions,
): JsonObject {
  try {
    const found = authentication.authenticateToken(token, audiences);
    return { authenticated: true, user: { ...found.user } as JsonObject, audiences: found.audiences };
  } catch (error) {
    const { message } = error as Error;
    const invalid = "invalid bearer token";
    return { user: {}, error: message === invalid ? message : `[${invalid}, ${message}]` };
  }
}
