import type { SubjectAccessReviewSpec } from "../../src/apis/authorization.ts";
import { createDelegatingAuthorizer } from "../../src/authorization/delegating.ts";
import { createKubeletAuthorizer } from "../../src/authorization/kubelet-authorization.ts";
import { Secret } from "../../src/secret.ts";
import { createReviewClients, type ReviewClients } from "../../src/transport/review-clients.ts";
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
  /** What can be read at kubelets then, by a gateway of that mode. */
  readonly opens: readonly string[];
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
  ...["get", "list", "create", "*"].flatMap((verb) =>
    nodeSubresources.flatMap((subresource) =>
      ["n1", "n2", ""].map((name) => ofResource({ verb, resource: "nodes", subresource, name })),
    ),
  ),
  ...["get", "list", "watch", "create", "delete", "skip-tls-verify-backend"].flatMap((verb) =>
    ["", "log", "exec", "proxy"].flatMap((subresource) =>
      ["shop", "other", ""].map((namespace) =>
        ofResource({ verb, resource: "pods", subresource, namespace, name: verb === "list" ? "" : "web" }),
      ),
    ),
  ),
  ofPodsOfNode(),
  ...["get", "post"].flatMap((verb) => paths.map((path) => ofPath(verb, path))),
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
const atNodes = (nodes: readonly string[], ...paths: readonly string[]): string[] =>
  nodes.flatMap((node) => paths.map((path) => `${node} ${path}`));
const [one, two, both] = [["n1"], ["n2"], ["n1", "n2"]];
const metricsPaths = ["/metrics", "/metrics/cadvisor"];
const podsPaths = ["/pods", "/runningpods/"];
/** Before KEP-2862 one grant opened all this, `/containerLogs` of every namespace among it. */
const proxyPaths = [
  "/",
  ...podsPaths,
  "/healthz",
  "/healthz/ping",
  "/configz",
  "/containerLogs/shop/web/app",
  "/debug/pprof/heap",
];
const kubeletPaths = [
  ...metricsPaths,
  ...proxyPaths,
  ...[
    "/stats/summary",
    "/logs/syslog",
    "/flagz",
    "/statusz",
    "/exec/shop/web/app",
    "/run/shop/web/app",
    "/attach/shop/web/app",
  ],
  ...["/portForward/shop/web", "/checkpoint/shop/web/app"],
];

export const forRows: readonly ForRow[] = [
  {
    flags: ["--for", "kubelet-metrics"],
    allowed: everyNode("get nodes/metrics"),
    opens: atNodes(both, ...metricsPaths),
  },
  {
    flags: ["--for", "kubelet-pods"],
    allowed: everyNode("get nodes/pods"),
    opens: atNodes(both, ...podsPaths),
  },
  {
    flags: ["--for", "kubelet-healthz"],
    allowed: everyNode("get nodes/healthz"),
    opens: atNodes(both, "/healthz", "/healthz/ping"),
  },
  {
    flags: ["--for", "kubelet-configz"],
    allowed: everyNode("get nodes/configz"),
    opens: atNodes(both, "/configz", "/flagz"),
  },
  {
    flags: ["--for", "kubelet-stats"],
    allowed: everyNode("get nodes/stats"),
    opens: atNodes(both, "/stats/summary"),
  },
  {
    flags: ["--for", "kubelet-logs"],
    allowed: everyNode("get nodes/log"),
    opens: atNodes(both, "/logs/syslog"),
  },
  {
    flags: ["--for", "kubelet-metrics", "--node", "n1"],
    allowed: ["get nodes/metrics n1"],
    opens: atNodes(one, ...metricsPaths),
  },
  {
    flags: ["--for", "kubelet-stats", "--node", "n1", "--node", "n2"],
    allowed: ["get nodes/stats n1", "get nodes/stats n2"],
    opens: atNodes(both, "/stats/summary"),
  },
  {
    flags: ["--for", "kubelet-pods", "--mode", "coarse"],
    allowed: everyNode("get nodes/proxy"),
    opens: atNodes(both, ...proxyPaths),
  },
  {
    flags: ["--for", "kubelet-logs", "--mode", "coarse"],
    allowed: everyNode("get nodes/log"),
    opens: atNodes(both, "/logs/syslog"),
  },
  {
    flags: ["--for", "kubelet-metrics", "--mode", "analog", "--node", "n1"],
    allowed: ["get nodes/metrics n1", "get /metrics", "get /metrics/cadvisor"],
    opens: atNodes(one, ...metricsPaths),
  },
  {
    flags: ["--for", "kubelet-pods", "--mode", "analog", "--node", "n1"],
    allowed: ["get nodes/pods n1", "list pods", "list pods of n1", "list shop/pods", "list other/pods"],
    opens: atNodes(one, ...podsPaths),
  },
  {
    flags: ["--for", "kubelet-healthz", "--mode", "analog", "--node", "n2"],
    allowed: ["get nodes/healthz n2", "get /healthz", "get /healthz/ping"],
    opens: atNodes(two, "/healthz", "/healthz/ping"),
  },
  {
    flags: ["--for", "kubelet-configz", "--mode", "analog", "--node", "n2"],
    allowed: ["get nodes/configz n2", "get /configz"],
    opens: atNodes(two, "/configz"),
  },
  {
    flags: ["--for", "kubelet-stats", "--mode", "analog", "--node", "n2"],
    allowed: ["get nodes/stats n2", "get /stats", "get /stats/summary"],
    opens: atNodes(two, "/stats/summary"),
  },
  {
    flags: ["--for", "kubelet-logs", "--mode", "analog", "--node", "n2"],
    allowed: ["get nodes/log n2", "get /logs", "get /logs/syslog"],
    opens: atNodes(two, "/logs/syslog"),
  },
  {
    flags: ["--for", "pod-logs", "-n", "shop"],
    allowed: ["get shop/pods web", "get shop/pods/log web"],
    opens: [],
  },
  {
    flags: ["--for", "pod-logs", "-n", "shop", "--insecure-skip-tls-verify-backend"],
    allowed: ["get shop/pods web", "get shop/pods/log web", "skip-tls-verify-backend shop/pods/log web"],
    opens: [],
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
    opens: [],
  },
];

/** `node path` for each that a gateway lets this user read: it asks the same API server, as the gateway does. */
export async function openedOf(reviews: ReviewClients, user: string, { flags }: ForRow): Promise<string[]> {
  const mode = (["coarse", "analog"] as const).find((one) => flags.includes(one)) ?? "fineGrained";
  const kubelets = createKubeletAuthorizer({
    authorizer: createDelegatingAuthorizer({ client: reviews, alwaysAllowPaths: [] }),
    mode,
  });
  const opened: string[] = [];
  for (const nodeName of both)
    for (const path of kubeletPaths) {
      const { decision } = await kubelets.authorize({ username: user }, { nodeName, method: "GET", path });
      if (decision === "allow") opened.push(`${nodeName} ${path}`);
    }
  return opened;
}

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

/** The client by which a gateway asks for reviews, as an administrator. */
export function reviewClientsOf(server: {
  readonly url: string;
  readonly caPem: string;
  readonly adminToken: string;
}): ReviewClients {
  const token = {
    token: new Secret(server.adminToken),
    requestedAt: Date.now(),
    expiresAt: Number.POSITIVE_INFINITY,
  };
  return createReviewClients({ server: server.url, ca: server.caPem, token: { token: async () => token } });
}
