import { posix } from "node:path";
import type { MaybePromise } from "../../maybe-promise.ts";
import { type KubeletAnswer, notFound, plain } from "./kubelet-answer.ts";

/** What a handler is given. */
export interface KubeletCall {
  readonly method: string;
  /** What the `{…}` of its path stood for, and `*` for the rest of it. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: string;
  /** Whoever asked is gone. */
  readonly signal: AbortSignal;
}

export type KubeletHandler = (call: KubeletCall) => MaybePromise<KubeletAnswer>;

/** A path below its service's, `{name}` for a segment and a last `*` for all the rest. */
export interface KubeletRoute {
  readonly path: string;
  readonly methods: readonly string[];
  readonly handle: KubeletHandler;
}

/** A handler takes every method; its path is the whole of it or, with a slash at its end, where it begins. */
export type KubeletMount =
  | { readonly path: string; readonly handle: KubeletHandler }
  | { readonly path: string; readonly routes: readonly KubeletRoute[] };

/** Where a request goes: to an answer that asks nobody who calls, or behind authentication. */
export type Destination =
  | { readonly open: KubeletAnswer }
  | { readonly guarded: KubeletHandler; readonly parameters: Readonly<Record<string, string>> };

/** A request's path before and after its escapes are decoded, and its query with the question mark. */
export interface RequestTarget {
  readonly rawPath: string;
  readonly path: string;
  readonly search: string;
}

/** @returns undefined for a target that Go's HTTP server does not take: 400. */
export function parseTarget(url: string): RequestTarget | undefined {
  const [, rawPath = "", search = ""] = /^(\/[^?]*)(\?.*)?$/s.exec(url) ?? [];
  try {
    return rawPath === "" ? undefined : { rawPath, path: decodeURIComponent(rawPath), search };
  } catch {
    return undefined;
  }
}

/**
 * Go's ServeMux and go-restful behind it, as the kubelet joins them: an untidy path is redirected and an unknown one 404
 * before anybody is asked who calls; what a service does not know is 404 or 405 afterwards.
 */
export function route(mounts: readonly KubeletMount[], method: string, target: RequestTarget): Destination {
  const { rawPath, path } = target;
  const tidy = posix.normalize(rawPath);
  if (tidy !== rawPath) return { open: redirect(tidy, method, target) };
  const mount = mounts.find((each) => covers(each, rawPath));
  if (mount !== undefined) {
    if ("handle" in mount) return { guarded: mount.handle, parameters: {} };
    return withinService(mount, method, path);
  }
  const isFolder = mounts.some((each) => covers(each, `${rawPath}/`));
  return { open: isFolder ? redirect(`${rawPath}/`, method, target) : notFound };
}

/** Segment by segment, so that an escaped slash is none here. */
function covers(mount: KubeletMount, rawPath: string): boolean {
  const segments = rawPath.split("/").map(decodeURIComponent);
  const wanted = mount.path.split("/");
  const isPrefix = wanted.at(-1) === "";
  const fixed = isPrefix ? wanted.slice(0, -1) : wanted;
  if (!fixed.every((segment, index) => segments[index] === segment)) return false;
  if (segments.length === fixed.length) return !isPrefix;
  return isPrefix || "routes" in mount;
}

function withinService(
  mount: KubeletMount & { readonly routes: readonly KubeletRoute[] },
  method: string,
  path: string,
): Destination {
  const segments = path.replace(/^\/+|\/+$/g, "").split("/");
  const found = mount.routes.flatMap((each) => {
    const parameters = match(`${mount.path.replace(/\/$/, "")}${each.path}`.slice(1).split("/"), segments);
    return parameters === undefined ? [] : [{ ...each, parameters }];
  });
  const served = found.find(({ methods }) => methods.includes(method));
  if (served !== undefined) return { guarded: served.handle, parameters: served.parameters };
  const allow = [...new Set(found.flatMap(({ methods }) => methods))].join(", ");
  const refusal =
    found.length === 0
      ? plain(404, "404: Page Not Found")
      : plain(405, "405: Method Not Allowed", { Allow: allow });
  return { guarded: () => refusal, parameters: {} };
}

function match(
  pattern: readonly string[],
  segments: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const parameters: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index];
    if (segment === undefined) return undefined;
    if (part === "*") return { ...parameters, "*": segments.slice(index).join("/") };
    const name = /^\{(.+)\}$/.exec(part)?.[1];
    if (name !== undefined) parameters[name] = segment;
    else if (part !== segment) return undefined;
  }
  return pattern.length === segments.length ? parameters : undefined;
}

function redirect(path: string, method: string, { search }: RequestTarget): KubeletAnswer {
  const location = `${path}${search}`;
  if (method !== "GET" && method !== "HEAD")
    return { status: 307, headers: { Location: location }, body: "" };
  const href = location.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&#34;");
  const headers = { "Content-Type": "text/html; charset=utf-8", Location: location };
  return { status: 307, headers, body: `<a href="${href}">Temporary Redirect</a>.\n\n` };
}
