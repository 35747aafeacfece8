import type { SubjectAccessReviewSpec } from "../../src/apis/authorization.ts";
import type { ApiClient } from "../rig/api-client.ts";

/** One thing that somebody may or may not do, and how the tests say it. */
interface Question {
  readonly line: string;
  readonly spec: SubjectAccessReviewSpec;
}

/** What `countersign rbac --for …` is to grant: its flags without the subject, and all that is allowed then. */
export interface ForRow {
  readonly flags: readonly string[];
  readonly allowed: readonly string[];
}

const nodeSubresources = [
  "",
  "pods",
  "healthz",
  "configz",
  "stats",
  "metrics",
  "log",
  "checkpoint",
  "statusz",
  "proxy",
];
const paths = [
  ...[
    "/metrics",
    "/metrics/cadvisor",
    "/metricsx",
    "/healthz",
    "/healthz/ping",
    "/configz",
    "/stats",
    "/stats/summary",
  ],
  ...["/logs", "/logs/syslog", "/debug/pprof/heap", "/flagz", "/statusz", "/pods", "/"],
];

const questions: readonly Question[] = [
  ...["get", "list", "create", "update", "delete", "*"].flatMap((verb) =>
    nodeSubresources.flatMap((subresource) =>
      ["n1", "n2", ""].map((name) => ofResource({ verb, resource: "nodes", subresource, name })),
    ),
  ),
  ...["get", "list", "watch", "create", "delete", "skip-tls-verify-backend"].flatMap((verb) =>
    ["", "log", "exec", "attach", "portforward", "proxy"].flatMap((subresource) =>
      ["shop", "other", ""].map((namespace) =>
        ofResource({ verb, resource: "pods", subresource, namespace, name: verb === "list" ? "" : "web" }),
      ),
    ),
  ),
  ofPodsOfNode(),
  ...["get", "head", "post"].flatMap((verb) => paths.map((path) => ofPath(verb, path))),
  ...["create", "get"].flatMap((verb) => [
    ofResource({ verb, group: "authentication.k8s.io", resource: "tokenreviews" }),
    ofResource({ verb, group: "authorization.k8s.io", resource: "subjectaccessreviews" }),
    ofResource({
      verb,
      group: "authorization.k8s.io",
      resource: "localsubjectaccessreviews",
      namespace: "shop",
    }),
    ofResource({ verb, resource: "serviceaccounts", subresource: "token", namespace: "shop", name: "a" }),
    ofResource({ verb, resource: "secrets", namespace: "shop", name: "a" }),
  ]),
  ...["get", "list", "watch", "update"].flatMap((verb) =>
    ["extension-apiserver-authentication", "other"].map((name) =>
      ofResource({ verb, resource: "configmaps", namespace: "kube-system", name }),
    ),
  ),
];

function ofResource(attributes: {
  readonly verb: string;
  readonly group?: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}): Question {
  const { verb, resource, subresource, namespace, name } = attributes;
  const what = [namespace, resource, subresource].filter(Boolean).join("/");
  const line = [verb, what, name].filter(Boolean).join(" ");
  return { line, spec: { resourceAttributes: { version: "v1", ...attributes } } };
}

/** As the gateway asks in mode analog. */
function ofPodsOfNode(): Question {
  const fieldSelector = { rawSelector: "spec.nodeName=n1" };
  const resourceAttributes = { verb: "list", version: "v1", resource: "pods", fieldSelector };
  return { line: "list pods of n1", spec: { resourceAttributes } };
}

function ofPath(verb: string, path: string): Question {
  return { line: `${verb} ${path}`, spec: { nonResourceAttributes: { verb, path } } };
}

const everyNode = (grant: string): string[] => [grant, `${grant} n1`, `${grant} n2`];

export const forRows: readonly ForRow[] = [
  { flags: ["--for", "kubelet-metrics"], allowed: everyNode("get nodes/metrics") },
  { flags: ["--for", "kubelet-pods"], allowed: everyNode("get nodes/pods") },
  { flags: ["--for", "kubelet-healthz"], allowed: everyNode("get nodes/healthz") },
  { flags: ["--for", "kubelet-configz"], allowed: everyNode("get nodes/configz") },
  { flags: ["--for", "kubelet-stats"], allowed: everyNode("get nodes/stats") },
  { flags: ["--for", "kubelet-logs"], allowed: everyNode("get nodes/log") },
  { flags: ["--for", "kubelet-metrics", "--node", "n1"], allowed: ["get nodes/metrics n1"] },
  {
    flags: ["--for", "kubelet-stats", "--node", "n1", "--node", "n2"],
    allowed: ["get nodes/stats n1", "get nodes/stats n2"],
  },
  { flags: ["--for", "kubelet-pods", "--mode", "coarse"], allowed: everyNode("get nodes/proxy") },
  { flags: ["--for", "kubelet-logs", "--mode", "coarse"], allowed: everyNode("get nodes/log") },
  {
    flags: ["--for", "kubelet-metrics", "--mode", "analog", "--node", "n1"],
    allowed: ["get nodes/metrics n1", "get /metrics", "get /metrics/cadvisor"],
  },
  {
    flags: ["--for", "kubelet-pods", "--mode", "analog", "--node", "n1"],
    allowed: ["get nodes/pods n1", "list pods", "list pods of n1", "list shop/pods", "list other/pods"],
  },
  {
    flags: ["--for", "kubelet-healthz", "--mode", "analog", "--node", "n2"],
    allowed: ["get nodes/healthz n2", "get /healthz", "get /healthz/ping"],
  },
  {
    flags: ["--for", "kubelet-configz", "--mode", "analog", "--node", "n2"],
    allowed: ["get nodes/configz n2", "get /configz"],
  },
  {
    flags: ["--for", "kubelet-stats", "--mode", "analog", "--node", "n2"],
    allowed: ["get nodes/stats n2", "get /stats", "get /stats/summary"],
  },
  {
    flags: ["--for", "kubelet-logs", "--mode", "analog", "--node", "n2"],
    allowed: ["get nodes/log n2", "get /logs", "get /logs/syslog"],
  },
  { flags: ["--for", "pod-logs", "-n", "shop"], allowed: ["get shop/pods web", "get shop/pods/log web"] },
  {
    flags: ["--for", "pod-logs", "-n", "shop", "--insecure-skip-tls-verify-backend"],
    allowed: ["get shop/pods web", "get shop/pods/log web", "skip-tls-verify-backend shop/pods/log web"],
  },
  {
    flags: ["--for", "gateway"],
    allowed: [
      "create tokenreviews",
      "create subjectaccessreviews",
      ...["get shop/pods web", "get other/pods web", "get pods web"],
      ...["list shop/pods", "list other/pods", "list pods", "list pods of n1"],
      ...["get nodes n1", "get nodes n2", "get nodes"],
      ...["get", "list", "watch"].map(
        (verb) => `${verb} kube-system/configmaps extension-apiserver-authentication`,
      ),
    ],
  },
];

/** Of all questions those whose answer is yes, for a user without any group. */
export async function allowedOf(
  client: ApiClient,
  user: string,
  groups: readonly string[] = [],
): Promise<string[]> {
  const allowed: string[] = [];
  for (const { line, spec } of questions) {
    const { status, body } = await client.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      spec: { ...spec, user, groups },
    });
    if (status !== 201) throw new Error(`${line}: ${status} ${JSON.stringify(body)}`);
    if ((body as { readonly status: { readonly allowed: boolean } }).status.allowed) allowed.push(line);
  }
  return allowed;
}
