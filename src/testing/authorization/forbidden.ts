import type { UserInfo } from "../../apis/authentication.ts";
import type { RequestAttributes } from "../requests/request-info.ts";
import { detailsOf, qualifiedName, StatusError } from "../status/status-error.ts";

/**
 * What an authorizer refused, as the caller is told: k8s.io/apiserver pkg/endpoints/handlers/responsewriters, 1.37.
 * `reason` is the authorizer's own, possibly empty.
 */
export function forbidden(user: UserInfo, attributes: RequestAttributes, reason: string): StatusError {
  const { name, group, resource } = attributes;
  const suffix = reason === "" ? "" : `: ${reason}`;
  if (!attributes.isResourceRequest)
    return new StatusError(
      403,
      "Forbidden",
      `forbidden: ${forbiddenSentence(user, attributes)}${suffix}`,
      {},
    );
  const qualified = { group, resource };
  const named = name === "" ? "" : ` ${JSON.stringify(name)}`;
  return new StatusError(
    403,
    "Forbidden",
    `${qualifiedName(qualified)}${named} is forbidden: ${forbiddenSentence(user, attributes)}${suffix}`,
    detailsOf(qualified, name),
  );
}

function forbiddenSentence(user: UserInfo, attributes: RequestAttributes): string {
  const who = `User ${JSON.stringify(user.username)}`;
  const { verb, group, subresource, namespace } = attributes;
  if (!attributes.isResourceRequest) return `${who} cannot ${verb} path ${JSON.stringify(attributes.path)}`;
  const resource = subresource === "" ? attributes.resource : `${attributes.resource}/${subresource}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`;
  return `${who} cannot ${verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(group)} ${where}`;
}
