import type { IncomingMessage } from "node:http";
import type { UserInfo } from "../../apis/authentication.ts";
import type { RequestAttributes } from "../../authorization/request-attributes.ts";
import { forbidden } from "../authorization/forbidden.ts";
import type { Authorizer } from "../authorization/rbac-authorizer.ts";
import { badRequest } from "../status/status-error.ts";

interface ImpersonatedPart {
  readonly resource: string;
  readonly name: string;
  readonly group?: string;
  readonly namespace?: string;
  readonly subresource?: string;
}

const extraPrefix = "impersonate-extra-";
const serviceAccountName = /^system:serviceaccount:([^:]+):([^:]+)$/;

/**
 * The user a request is made as: the one who authenticated, or the one its `Impersonate-*` headers name, each part of
 * which needs the verb `impersonate` (k8s.io/apiserver pkg/endpoints/filters/impersonation).
 * @throws 400 where a part is named without a user, 403
 */
export function impersonate(
  headers: IncomingMessage["headersDistinct"],
  requester: UserInfo,
  authorizer: Authorizer,
): UserInfo {
  const [username] = headers["impersonate-user"] ?? [];
  const groups = headers["impersonate-group"] ?? [];
  const [uid] = headers["impersonate-uid"] ?? [];
  const extra = extraOf(headers);
  if (username === undefined || username === "") {
    if (groups.length === 0 && uid === undefined && extra.length === 0) return requester;
    throw badRequest(
      `requested ${JSON.stringify({ groups, uid, extra: Object.fromEntries(extra) })} without impersonating a user name`,
    );
  }
  const account = serviceAccountName.exec(username);
  const parts: ImpersonatedPart[] = [
    account === null
      ? { resource: "users", name: username }
      : { resource: "serviceaccounts", namespace: account[1]!, name: account[2]! },
    ...groups.map((name) => ({ resource: "groups", name })),
    ...extra.flatMap(([key, values]) =>
      values.map((name) => ({
        group: "authentication.k8s.io",
        resource: "userextras",
        subresource: key,
        name,
      })),
    ),
    ...(uid === undefined ? [] : [{ group: "authentication.k8s.io", resource: "uids", name: uid }]),
  ];
  for (const part of parts) assertMayImpersonate(part, requester, authorizer);
  return {
    username,
    ...(uid === undefined ? {} : { uid }),
    groups: groupsOf(username, account?.[1], groups),
    ...(extra.length === 0 ? {} : { extra: Object.fromEntries(extra) }),
  };
}

function extraOf(
  headers: IncomingMessage["headersDistinct"],
): readonly (readonly [string, readonly string[]])[] {
  return Object.entries(headers)
    .filter(([name]) => name.startsWith(extraPrefix))
    .map(([name, values]) => [unescapedKey(name.slice(extraPrefix.length)), values ?? []] as const);
}

/** As it stands where it is not percent-encoded UTF-8: upstream never drops an extra. */
function unescapedKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function assertMayImpersonate(part: ImpersonatedPart, requester: UserInfo, authorizer: Authorizer): void {
  const { group = "", namespace = "", subresource = "", resource, name } = part;
  const verb = "impersonate";
  const target: RequestAttributes = {
    ...{ isResourceRequest: true, path: "", verb, group, version: "v1" },
    ...{ namespace, resource, subresource, name },
  };
  const { allowed, reason } = authorizer.authorize(requester, target);
  if (!allowed) throw forbidden(requester, target, reason);
}

/** A ServiceAccount keeps its own groups where none are asked for; everybody is authenticated, anonymous is not. */
function groupsOf(
  username: string,
  namespace: string | undefined,
  asked: readonly string[],
): readonly string[] {
  const own =
    namespace !== undefined && asked.length === 0
      ? ["system:serviceaccounts", `system:serviceaccounts:${namespace}`]
      : asked;
  const everybody = username === "system:anonymous" ? "system:unauthenticated" : "system:authenticated";
  return own.includes(everybody) ? own : [...own, everybody];
}
