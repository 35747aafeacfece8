import { type AnswerStatus, answerStatus } from "../apis/answer-status.ts";
import type { UserInfo } from "../apis/authentication.ts";
import type { RequestAttributes } from "./request-attributes.ts";

/** The body of an API server's 401, whatever the reason. It comes without a `WWW-Authenticate` header. */
export const unauthorizedStatus: AnswerStatus = answerStatus({
  code: 401,
  reason: "Unauthorized",
  message: "Unauthorized",
});

/**
 * The body of an API server's 403 for what an authorizer did not allow: kubernetes/apiserver
 * pkg/endpoints/handlers/responsewriters. `reason` is the authorizer's own, possibly empty. Send it with
 * `X-Content-Type-Options: nosniff`.
 */
export function forbiddenStatus(user: UserInfo, attributes: RequestAttributes, reason: string): AnswerStatus {
  const { name, group, resource, isResourceRequest } = attributes;
  const suffix = reason === "" ? "" : `: ${reason}`;
  const qualified = group === "" ? resource : `${resource}.${group}`;
  const named = name === "" ? "" : ` ${JSON.stringify(name)}`;
  const what = isResourceRequest ? `${qualified}${named} is forbidden` : "forbidden";
  return answerStatus({
    code: 403,
    reason: "Forbidden",
    message: `${what}: ${sanitized(sentence(user, attributes))}${suffix}`,
    details: isResourceRequest
      ? { ...(name === "" ? {} : { name }), ...(group === "" ? {} : { group }), kind: resource }
      : {},
  });
}

function sentence({ username }: UserInfo, attributes: RequestAttributes): string {
  const who = `User ${JSON.stringify(username)}`;
  const { verb, group, subresource, namespace } = attributes;
  if (!attributes.isResourceRequest) return `${who} cannot ${verb} path ${JSON.stringify(attributes.path)}`;
  const resource = subresource === "" ? attributes.resource : `${attributes.resource}/${subresource}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`;
  return `${who} cannot ${verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(group)} ${where}`;
}

/** A browser must not take a path or name that somebody chose for markup. */
export function sanitized(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
