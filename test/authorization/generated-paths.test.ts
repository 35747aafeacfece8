import { expect } from "chai";
import type { AccessAttributes, Authorizer } from "../../src/authorization/authorizer.ts";
import {
  createKubeletAuthorizer,
  type KubeletAuthorizationMode,
} from "../../src/authorization/kubelet-authorization.ts";
import { assertPlainPath } from "../../src/authorization/request-path.ts";
import { CountersignError } from "../../src/errors.ts";
import { nodeEndpoint } from "../../src/kubelet/node-endpoint.ts";
import { parseNodeProxyPath } from "../../src/kubelet/node-proxy-path.ts";

/** mulberry32: the same hundred thousand requests on every run. */
function createRandom(seed: number) {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    chance: (probability: number): boolean => next() < probability,
    below,
    pick: <T>(list: readonly T[]): T => list[below(list.length)]!,
  };
}
type Random = ReturnType<typeof createRandom>;

// the oracle: the tables of the reference, read by first segments and whole patterns, not as the source does

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
function kubeletPathOf(path: string): string | undefined {
  if (path === prefix) return "/";
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : undefined;
}

/** Every path that something behind the gateway could find in a request target: decoded, cut, normalized, cleaned, in any order. */
function readingsOf(target: string): ReadonlySet<string> {
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

// what is generated

const templates: readonly string[] = [
  ...[
    "/pods",
    "/pods/",
    "/runningpods/",
    "/runningPods/",
    "/healthz",
    "/healthz/ping",
    "/healthz/log",
    "/configz",
  ],
  ...[
    "/stats/summary",
    "/metrics",
    "/metrics/cadvisor",
    "/metrics/resource",
    "/metrics/probes",
    "/metrics/slis",
  ],
  ...[
    "/logs/",
    "/logs/syslog",
    "/logs/pods/NS_POD/C/0.log",
    "/debug/pprof/heap",
    "/debug/flags/v",
    "/flagz",
    "/statusz",
  ],
  ...[
    "/containerLogs/NS/POD/C",
    "/exec/NS/POD/C",
    "/exec/NS/POD/u/C",
    "/attach/NS/POD/C",
    "/attach/NS/POD/u/C",
  ],
  ...[
    "/run/NS/POD/C",
    "/run/NS/POD/u/C",
    "/portForward/NS/POD",
    "/portForward/NS/POD/u",
    "/checkpoint/NS/POD/C",
  ],
  ...["/", "/spec/", "/metricsx", "/podsx", "/Metrics", "/x/metrics", "/containerLogs/NS", "/exec/NS/POD"],
];
const hazards: readonly string[] = [
  ...[
    "..",
    ".",
    "/",
    "//",
    "/../",
    "/./",
    "%2e",
    "%2e%2e",
    "%2E.",
    "%252e%252e",
    "%2f",
    "%2F..%2F",
    "%5c",
    "\\",
    "..\\",
  ],
  ...[
    ";",
    ";x=y",
    "..;",
    "\0",
    "%00",
    "#",
    "%23",
    "?",
    "%3f",
    " ",
    "%20",
    "\t",
    "\r\n",
    "\x7f",
    "é",
    "\u2024",
    "\uff0e\uff0e",
  ],
  ...[
    "\uff0f",
    "%",
    "%zz",
    "%c0%ae",
    "http://h",
    ":10250",
    "/../exec/shop/web/app",
    "/exec",
    "/metrics",
    "proxy",
    "@",
    "~",
  ],
];
const methods: readonly string[] = [
  ...["GET", "GET", "GET", "GET", "HEAD", "POST", "POST", "PUT", "PATCH", "DELETE"],
  ...["OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", ""],
];
const modes: readonly KubeletAuthorizationMode[] = ["fineGrained", "coarse", "analog"];
const prefix = "/api/v1/nodes/n1/proxy";

function generatePath(random: Random): string {
  const names = { NS: random.pick(["shop", "kube-system"]), POD: random.pick(["web", "etcd"]), C: "app" };
  return random.pick(templates).replace(/NS|POD|C\b/g, (name) => names[name as keyof typeof names]);
}

function mutate(path: string, random: Random): string {
  const at = random.below(path.length + 1);
  const [before, after] = [path.slice(0, at), path.slice(at)];
  if (random.chance(0.2) && after !== "")
    return `${before}%${after.charCodeAt(0).toString(16)}${after.slice(1)}`;
  if (random.chance(0.1)) return before + after.slice(1);
  if (random.chance(0.1)) return before + after.slice(0, 1).toUpperCase() + after.slice(1);
  return before + random.pick(hazards) + after;
}

/** A request for node n1, or for another or none; half of them tampered with, once to thrice. */
function generateTarget(random: Random): string {
  const nodePrefix = random.chance(0.95)
    ? prefix
    : random.pick([
        "/api/v1/nodes/n2/proxy",
        "/api/v1/nodes/https:n1:10250/proxy",
        "/api/v1/nodes//proxy",
        "",
      ]);
  let target = nodePrefix + generatePath(random);
  if (random.chance(0.5))
    for (let times = 1 + random.below(3); times > 0; times--) target = mutate(target, random);
  return random.chance(0.2) ? `${target}?follow=true&x=%2f..%2f` : target;
}

function generateGrants(random: Random): ReadonlySet<string> {
  const share = random.pick([0.1, 0.5, 0.9]);
  const verbs = ["get", "create", "update", "patch", "delete"];
  const nodes = ["pods", "healthz", "configz", "stats", "metrics", "log", "checkpoint", "statusz", "proxy"];
  const all = [
    ...verbs.flatMap((verb) => nodes.map((subresource) => `${verb} nodes/${subresource} n1`)),
    ...["shop", "kube-system"].flatMap((ns) =>
      ["web", "etcd"].flatMap((pod) => [
        `get ${ns}/pods/log ${pod}`,
        ...["exec", "attach", "portforward"].map((subresource) => `create ${ns}/pods/${subresource} ${pod}`),
      ]),
    ),
    "list pods of n1",
    ...templates.flatMap((path) => ["get", "head", "post", "put"].map((verb) => `${verb} ${path}`)),
  ];
  return new Set(all.filter(() => random.chance(share)));
}

function questionOf({ resource, nonResource }: AccessAttributes): string {
  if (nonResource !== undefined) return `${nonResource.verb} ${nonResource.path}`;
  const { verb, namespace, group, resource: kind, subresource, name, fieldSelector } = resource!;
  expect(group).to.equal("");
  const what = [namespace, kind, subresource].filter(Boolean).join("/");
  const node = fieldSelector?.rawSelector?.replace("spec.nodeName=", "of ");
  return [verb, what, name, node].filter(Boolean).join(" ");
}

function granting(grants: ReadonlySet<string>): Authorizer {
  return {
    authorize: (attributes) => ({
      decision: grants.has(questionOf(attributes)) ? "allow" : "noOpinion",
      reason: "",
    }),
  };
}

/** The gateway's way from a request target to what is sent to a kubelet, or the code of why nothing is. */
async function forwarded(
  method: string,
  target: string,
  mode: KubeletAuthorizationMode,
  authorizer: Authorizer,
): Promise<{ readonly sent?: string; readonly refusal?: string }> {
  try {
    assertPlainPath(target);
    const proxied = parseNodeProxyPath(target.split("?")[0]!);
    if (proxied === undefined) return { refusal: "no node" };
    const { nodeName, path } = proxied;
    const { decision } = await createKubeletAuthorizer({ authorizer, mode }).authorize(
      { username: "jane" },
      { nodeName, method, path },
    );
    return decision === "allow" ? { sent: `${nodeName} ${path}` } : { refusal: "table" };
  } catch (error) {
    if (error instanceof CountersignError) return { refusal: error.code };
    throw error;
  }
}

describe("100 000 generated requests of a kubelet", () => {
  const counts = new Map<string, number>();
  const count = (what: string): unknown => counts.set(what, (counts.get(what) ?? 0) + 1);
  const faults: string[] = [];

  before(async () => {
    const random = createRandom(2862);
    const holders = Array.from({ length: 40 }, () => generateGrants(random));
    for (let run = 0; run < 100_000; run++) {
      const [method, target, mode] = [random.pick(methods), generateTarget(random), random.pick(modes)];
      const grants = random.pick(holders);
      const { sent, refusal = "sent" } = await forwarded(method, target, mode, granting(grants));
      count(refusal);
      const found = readingsOf(target);
      const allowed = [...found].every((reading) => {
        const path = kubeletPathOf(reading);
        return path !== undefined && tableAllows(grants, mode, method, path);
      });
      const shown = JSON.stringify([mode, method, target]);
      if (sent !== undefined && !allowed) faults.push(`sent, but the table does not allow ${shown}`);
      if (sent !== undefined && found.size !== 1) faults.push(`sent, but has several readings: ${shown}`);
      if (sent !== undefined && sent !== `n1 ${kubeletPathOf(target.split("?")[0]!)}`)
        faults.push(`sent something else: ${sent} for ${shown}`);
      if (refusal === "table" && allowed) faults.push(`refused, but the table allows ${shown}`);
      if (sent !== undefined) {
        count(`sent ${mode}`);
        count(`sent /${sent.split("/")[1]}`);
        if (nodeEndpoint(method, sent.slice("n1 ".length)) !== undefined) count("served");
      }
    }
  });

  it("never is one let through that the table does not allow, in any way to read it", () => {
    expect(faults.slice(0, 5)).to.deep.equal([]);
  });

  it("enough of them were sent, refused by their path, by their node and by the table, in every mode", () => {
    for (const what of [
      "sent",
      "served",
      "ERR_REQUEST_PATH",
      "table",
      ...modes.map((mode) => `sent ${mode}`),
    ])
      expect(counts.get(what), what).to.be.greaterThan(1_000);
    for (const what of ["no node", "ERR_REQUEST_INVALID"])
      expect(counts.get(what), what).to.be.greaterThan(100);
  });

  it("every path of the table was sent for somebody", () => {
    const first = new Set([...templates.map((path) => `sent /${path.split("/")[1]}`)]);
    for (const what of first) expect(counts.get(what), what).to.be.greaterThan(10);
  });
});
