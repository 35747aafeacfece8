import { expect } from "chai";
import type { AccessAttributes, Authorizer } from "../../src/authorization/authorizer.ts";
import type { KubeletAuthorizationMode } from "../../src/authorization/kubelet-authorization.ts";
import { prefix } from "./kubelet-oracle.ts";

/** mulberry32: the same hundred thousand requests on every run. */
export function createRandom(seed: number) {
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
export type Random = ReturnType<typeof createRandom>;

export const templates: readonly string[] = [
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
export const methods: readonly string[] = [
  ...["GET", "GET", "GET", "GET", "HEAD", "POST", "POST", "PUT", "PATCH", "DELETE"],
  ...["OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", ""],
];
export const modes: readonly KubeletAuthorizationMode[] = ["fineGrained", "coarse", "analog"];

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
export function generateTarget(random: Random): string {
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

export function generateGrants(random: Random): ReadonlySet<string> {
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

export function granting(grants: ReadonlySet<string>): Authorizer {
  return {
    authorize: (attributes) => ({
      decision: grants.has(questionOf(attributes)) ? "allow" : "noOpinion",
      reason: "",
    }),
  };
}
