import { AnswerStatusError } from "../apis/answer-status.ts";
import type { UserInfo } from "../apis/authentication.ts";
import { isDNSLabel, isDNSSubdomain } from "../apis/dns-name.ts";
import { CountersignError, errorMessageOf } from "../errors.ts";
import { forbiddenStatus } from "./access-status.ts";
import type { Authorizer } from "./authorizer.ts";
import {
  type ImpersonationRequest,
  impersonationRequest,
  mentionsImpersonation,
} from "./impersonation-headers.ts";
import { accessAttributes, type RequestAttributes } from "./request-attributes.ts";

/** Says as whom a request is made. Its headers are authorized or refused, never ignored; hand none of them on. */
export interface Impersonation {
  /**
   * @param user who authenticated.
   * @param rawHeaders the request's, names and values in turn, as they came: before credentials are taken out of them.
   * @returns `user` itself where no `Impersonate-*` header came, else whom they name.
   * @throws AnswerStatusError with the Status to answer: ERR_REQUEST_INVALID (400) where they name no user,
   * ERR_IMPERSONATION (403) where `user` may not.
   */
  impersonate(
    user: UserInfo,
    rawHeaders: readonly string[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<UserInfo>;
}

/** Who is asked whether somebody may impersonate. */
export interface ImpersonationOptions {
  readonly authorizer: Authorizer;
}

/**
 * Lets those impersonate who may: each part that is asked for needs the verb `impersonate` on its own, on `users` or
 * `serviceaccounts` by name, `groups`, and in authentication.k8s.io `uids` and `userextras/KEY`. Rules, order and words are
 * kubernetes/apiserver's, pkg/endpoints/filters/impersonation, of which the constrained modes (KEP-5284) are left out: a
 * ServiceAccount without groups gets its own, everybody but `system:anonymous` is in `system:authenticated` unless the
 * headers say `system:unauthenticated`, and an authorizer that fails is a refusal.
 * @returns an impersonation that throws ERR_IMPERSONATION (403) and ERR_REQUEST_INVALID (400), the signal's reason where
 * it was aborted.
 */
export function createImpersonation({ authorizer }: ImpersonationOptions): Impersonation {
  return {
    async impersonate(user, rawHeaders, { signal } = {}) {
      const request = impersonationRequest(rawHeaders);
      if (request === undefined) return user;
      for (const part of partsOf(request)) {
        const refusal = await refusalOf(authorizer, user, part, signal);
        if (refusal !== undefined) throw forbidden(user, part, refusal);
      }
      return impersonated(request);
    },
  };
}

/** Refuses every request that speaks of impersonation: 403, ERR_IMPERSONATION. */
export const refuseImpersonation: Impersonation = {
  async impersonate(user, rawHeaders) {
    if (!mentionsImpersonation(rawHeaders)) return user;
    throw new AnswerStatusError("ERR_IMPERSONATION", {
      code: 403,
      reason: "Forbidden",
      message: "impersonation: this server accepts none, call it without Impersonate-* headers",
      details: {},
    });
  },
};

const core = { group: "", version: "v1" };
const authentication = { group: "authentication.k8s.io", version: "v1" };

/** What has to be allowed, in the order in which it is asked. */
function* partsOf({ username, uid, groups, extra }: ImpersonationRequest): Generator<RequestAttributes> {
  const account = serviceAccountOf(username);
  yield account === undefined
    ? part({ ...core, resource: "users", name: username })
    : part({ ...core, resource: "serviceaccounts", ...account });
  if (uid !== "") yield part({ ...authentication, resource: "uids", name: uid });
  for (const name of groups) yield part({ ...core, resource: "groups", name });
  for (const [subresource, values] of extra)
    for (const name of values) yield part({ ...authentication, resource: "userextras", subresource, name });
}

function part(attributes: Partial<RequestAttributes>): RequestAttributes {
  return {
    ...{ isResourceRequest: true, path: "", verb: "impersonate", group: "", version: "" },
    ...{ namespace: "", resource: "", subresource: "", name: "" },
    ...attributes,
  };
}

/** Names that no ServiceAccount can have are users' (k8s.io/apiserver pkg/authentication/serviceaccount). */
function serviceAccountOf(
  username: string,
): { readonly namespace: string; readonly name: string } | undefined {
  const [system, kind, namespace = "", name = "", ...more] = username.split(":");
  if (system !== "system" || kind !== "serviceaccount" || more.length > 0) return undefined;
  if (!isDNSLabel(namespace) || !isDNSSubdomain(name)) return undefined;
  return { namespace, name };
}

/** Why it is not allowed, possibly nothing; undefined where it is. */
async function refusalOf(
  authorizer: Authorizer,
  user: UserInfo,
  attributes: RequestAttributes,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  try {
    const { decision, reason } = await authorizer.authorize(accessAttributes(user, attributes), { signal });
    return decision === "allow" ? undefined : reason;
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    // what is none of our errors is a fault, and no answer
    if (!(error instanceof CountersignError)) throw error;
    return errorMessageOf(error);
  }
}

function forbidden(user: UserInfo, attributes: RequestAttributes, reason: string): AnswerStatusError {
  return new AnswerStatusError("ERR_IMPERSONATION", forbiddenStatus(user, attributes, reason));
}

function impersonated({ username, uid, groups, extra }: ImpersonationRequest): UserInfo {
  return {
    username,
    ...(uid !== "" && { uid }),
    groups: groupsOf(username, groups),
    // unlike assignment this makes a member even of `__proto__`
    ...(extra.size > 0 && { extra: Object.fromEntries(extra) }),
  };
}

function groupsOf(username: string, asked: readonly string[]): readonly string[] {
  const account = serviceAccountOf(username);
  const own =
    account !== undefined && asked.length === 0
      ? ["system:serviceaccounts", `system:serviceaccounts:${account.namespace}`]
      : asked;
  const nobody = "system:unauthenticated";
  const added =
    username === "system:anonymous" ? nobody : own.includes(nobody) ? undefined : "system:authenticated";
  return added === undefined || own.includes(added) ? own : [...own, added];
}
