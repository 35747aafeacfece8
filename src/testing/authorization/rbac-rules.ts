import type { RequestAttributes } from "../../authorization/request-attributes.ts";
import { type JsonObject, stringsAt } from "../objects/api-object.ts";

/** Whether a PolicyRule allows a request: k8s.io/kubernetes plugin/pkg/auth/authorizer/rbac and its helpers. */
export function ruleAllows(rule: JsonObject, request: RequestAttributes): boolean {
  if (!matchesOne(stringsAt(rule, "verbs"), request.verb)) return false;
  if (!request.isResourceRequest) return urlMatches(stringsAt(rule, "nonResourceURLs"), request.path);
  return (
    matchesOne(stringsAt(rule, "apiGroups"), request.group) &&
    resourceMatches(stringsAt(rule, "resources"), request) &&
    nameMatches(stringsAt(rule, "resourceNames"), request.name)
  );
}

function matchesOne(allowed: readonly string[], asked: string): boolean {
  return allowed.includes("*") || allowed.includes(asked);
}

/** `pods/log` exactly, or that subresource of whatever resource: `*` and `*` + `/log`. */
function resourceMatches(allowed: readonly string[], { resource, subresource }: RequestAttributes): boolean {
  const combined = subresource === "" ? resource : `${resource}/${subresource}`;
  return allowed.some(
    (item) => item === "*" || item === combined || (subresource !== "" && item === `*/${subresource}`),
  );
}

/** Without names a rule is for all of them; with names, never for a request that names none. */
function nameMatches(allowed: readonly string[], name: string): boolean {
  return allowed.length === 0 || allowed.includes(name);
}

function urlMatches(allowed: readonly string[], path: string): boolean {
  return allowed.some(
    (url) => url === "*" || url === path || (url.endsWith("*") && path.startsWith(url.replace(/\*+$/, ""))),
  );
}
