import type { KubeletAuthorizationMode } from "../../src/authorization/kubelet-authorization.ts";

// the tables of the reference, read by first segments and whole patterns, not as the source does

/** Under which the kubelet of node n1 is asked. */
export const prefix = "/api/v1/nodes/n1/proxy";

const candidatesByFirstSegment: Readonly<Record<string, { readonly on: string; readonly off: string }>> = {
  pods: { on: "pods proxy", off: "proxy" },
  runningpods: { on: "pods proxy", off: "proxy" },
  healthz: { on: "healthz proxy", off: "proxy" },
  configz: { on: "configz proxy", off: "proxy" },
  stats: { on: "stats", off: "stats" },
  metrics: { on: "metrics", off: "metrics" },
  logs: { on: "log", off: "log" },
  checkpoint: { on: "checkpoint", off: "checkpoint" },
  statusz: { on: "statusz", off: "statusz" },
  flagz: { on: "configz", off: "configz" },
};
const verbOfMethod: Readonly<Record<string, string>> = {
  GET: "get",
  HEAD: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};
const isRead = (method: string): boolean => method === "GET" || method === "HEAD";
type Question = (method: string, path: string, ...names: readonly string[]) => string | undefined;
const analogs: readonly (readonly [RegExp, Question])[] = [
  [
    /^\/containerLogs\/([^/]+)\/([^/]+)\/[^/]+$/,
    (method, _, ns, pod) => (isRead(method) ? `get ${ns}/pods/log ${pod}` : undefined),
  ],
  [/^\/(?:exec|run)\/([^/]+)\/([^/]+)(?:\/[^/]+){1,2}$/, (_, __, ns, pod) => `create ${ns}/pods/exec ${pod}`],
  [/^\/attach\/([^/]+)\/([^/]+)(?:\/[^/]+){1,2}$/, (_, __, ns, pod) => `create ${ns}/pods/attach ${pod}`],
  [
    /^\/portForward\/([^/]+)\/([^/]+)(?:\/[^/]+)?$/,
    (_, __, ns, pod) => `create ${ns}/pods/portforward ${pod}`,
  ],
  [/^\/(?:running)?pods\/?$/, (method) => (isRead(method) ? "list pods of n1" : undefined)],
  [
    /^\/(?:healthz|logs|metrics|stats|configz|debug|flagz|statusz)(?:\/.*)?$/,
    (method, path) => `${method.toLowerCase()} ${path}`,
  ],
];

/** Whether somebody of these grants may make this request of the kubelet of node n1, by the table. */
function tableAllows(
  grants: ReadonlySet<string>,
  mode: KubeletAuthorizationMode,
  method: string,
  path: string,
): boolean {
  const first = path.split("/")[1] ?? "";
  const row = Object.hasOwn(candidatesByFirstSegment, first) ? candidatesByFirstSegment[first]! : undefined;
  const { on, off } = row ?? { on: "proxy", off: "proxy" };
  const interactive = ["exec", "attach", "portForward", "run"].includes(first);
  if (!Object.hasOwn(verbOfMethod, method)) return false;
  const verb = interactive ? "create" : verbOfMethod[method]!;
  const candidates = (mode === "coarse" ? off : on).split(" ");
  if (!candidates.some((candidate) => grants.has(`${verb} nodes/${candidate} n1`))) return false;
  if (mode !== "analog") return true;
  const [pattern, question] = analogs.find(([one]) => one.test(path)) ?? [];
  const asked = question?.(method, path, ...(pattern!.exec(path) ?? []).slice(1));
  return asked !== undefined && grants.has(asked);
}

/** What follows `…/nodes/n1/proxy`, to the byte; a kubelet's root where nothing does. */
export function kubeletPathOf(path: string): string | undefined {
  if (path === prefix) return "/";
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : undefined;
}

/** Every path that something behind the gateway could find in a request target: decoded, cut, normalized, cleaned, in any order. */
export function readingsOf(target: string): ReadonlySet<string> {
  const found = new Set([target.split("?")[0]!]);
  for (const path of found) {
    if (found.size > 64) break;
    for (const read of readings) found.add(read(path));
  }
  return found;
}
const readings: readonly ((path: string) => string)[] = [
  (path) => path.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
  (path) => path.replaceAll("\\", "/"),
  (path) => path.replace(/;[^/]*/g, ""),
  (path) => path.replace(/[#?\0 \t\r\n].*$/s, ""),
  (path) => path.replace(/[\0-\x20\x7f]/g, ""),
  (path) => path.normalize("NFKC"),
  (path) => path.replace(/^[a-z]+:\/\/[^/]*/i, ""),
  cleaned,
];

/** As Go's ServeMux cleans a path; it keeps a slash at the end. */
function cleaned(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
  }
  return `/${kept.join("/")}${path.endsWith("/") && kept.length > 0 ? "/" : ""}`;
}

/** Whether the table allows a request target in every way to read it: each has to be for the kubelet of node n1. */
export function allowsEveryReading(
  grants: ReadonlySet<string>,
  mode: KubeletAuthorizationMode,
  method: string,
  target: string,
): boolean {
  return [...readingsOf(target)].every((reading) => {
    const path = kubeletPathOf(reading);
    return path !== undefined && tableAllows(grants, mode, method, path);
  });
}
