import type { UserInfo } from "../apis/authentication.ts";
import type { AccessAttributes } from "./authorizer.ts";
import { exactFieldValue } from "./field-selector.ts";

/** What a request is about, as authorizers see it. Absent parts are empty strings, as upstream compares them. */
export interface RequestAttributes {
  readonly isResourceRequest: boolean;
  readonly path: string;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
}

/** A request's attributes and what of its path they were read from. */
export interface RequestInfo extends RequestAttributes {
  /** `resource/name/subresource/…`: route by these, and what was authorized is what is served. */
  readonly parts: readonly string[];
}

/** Of a resource, by HTTP method. */
export const verbsByMethod: Readonly<Record<string, string>> = {
  POST: "create",
  GET: "get",
  HEAD: "get",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** `/api/v1/namespaces/x/status` is the namespace's own subresource, not a resource called `status`. */
const namespaceSubresources = new Set(["status", "finalize"]);

/** As much of node's `IncomingMessage` as says what is asked for. */
export interface RequestLine {
  readonly method?: string | undefined;
  /** As it came: path, escapes and query. */
  readonly url?: string | undefined;
}

/** What a request is about, as an API server reads it: escapes in the path decoded once, unless one of them is none. */
export function requestInfo({ method = "GET", url = "/" }: RequestLine): RequestInfo {
  const at = url.indexOf("?");
  const [path, query] = at < 0 ? [url, ""] : [url.slice(0, at), url.slice(at + 1)];
  return parseRequestInfo(method, decoded(path), new URLSearchParams(query));
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The question to an authorizer whether this user may make a request of these attributes. */
export function accessAttributes(user: UserInfo, attributes: RequestAttributes): AccessAttributes {
  const { isResourceRequest, path, verb, namespace, group, version, resource, subresource, name } =
    attributes;
  return isResourceRequest
    ? { user, resource: { namespace, verb, group, version, resource, subresource, name } }
    : { user, nonResource: { path, verb } };
}

/**
 * Path and method to attributes, by the rules of k8s.io/apiserver pkg/endpoints/request/requestinfo.go. The verbs that
 * stand in the path (`/api/v1/watch/…`, `/api/v1/proxy/…`), deprecated since 1.11, are read as resources.
 */
export function parseRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const [prefix, ...rest] = withoutOuterSlashes(path).split("/");
  const nonResource = nonResourceInfo(method, path);
  if (prefix !== "api" && prefix !== "apis") return nonResource;
  if (rest.length < (prefix === "api" ? 2 : 3)) return nonResource;
  const [group, version, ...tail] = prefix === "api" ? ["", ...rest] : rest;
  return resourceInfo(method, path, query, group!, version!, tail);
}

/** Not by a regular expression: it would look for the path's end behind every slash of thousands. */
function withoutOuterSlashes(path: string): string {
  let [begin, end] = [0, path.length];
  while (begin < end && path[begin] === "/") begin++;
  while (end > begin && path[end - 1] === "/") end--;
  return path.slice(begin, end);
}

function nonResourceInfo(method: string, path: string): RequestInfo {
  const empty = { group: "", version: "", namespace: "", resource: "", subresource: "", name: "", parts: [] };
  return { isResourceRequest: false, path, verb: method.toLowerCase(), ...empty };
}

function resourceInfo(
  method: string,
  path: string,
  query: URLSearchParams,
  group: string,
  version: string,
  tail: readonly string[],
): RequestInfo {
  const { namespace, parts } = splitNamespace(tail);
  const [resource = "", pathName = "", subresource = ""] = parts;
  const { verb, name } = collectionVerb(verbsByMethod[method] ?? "", pathName, query);
  return {
    isResourceRequest: true,
    path,
    verb,
    group,
    version,
    namespace,
    resource,
    subresource,
    name,
    parts,
  };
}

function splitNamespace(tail: readonly string[]): {
  readonly namespace: string;
  readonly parts: readonly string[];
} {
  if (tail[0] !== "namespaces" || tail.length < 2) return { namespace: "", parts: tail };
  const within = tail.length > 2 && !namespaceSubresources.has(tail[2]!);
  return { namespace: tail[1]!, parts: within ? tail.slice(2) : tail };
}

/** Without a name `get` is list or watch and `delete` is deletecollection; a field selector may still give the name. */
function collectionVerb(verb: string, name: string, query: URLSearchParams): { verb: string; name: string } {
  if (name !== "") return { verb, name };
  if (verb === "delete") return { verb: "deletecollection", name };
  if (verb !== "get") return { verb, name };
  return { verb: isWatch(query) ? "watch" : "list", name: nameSelected(query) };
}

export function isWatch(query: URLSearchParams): boolean {
  const value = query.get("watch");
  return value !== null && !["false", "0"].includes(value.toLowerCase());
}

/** The name in `fieldSelector=metadata.name=x`: a watch of one object is authorized as that object. */
function nameSelected(query: URLSearchParams): string {
  const name = exactFieldValue(query.get("fieldSelector") ?? "", "metadata.name") ?? "";
  // IsPathSegmentName of apimachinery pkg/api/validate/content: what could not stand in a path is no name
  return name === "." || name === ".." || /[/%]/.test(name) ? "" : name;
}
