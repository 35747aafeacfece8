import type { CapturingWebhook } from "../rig/capturing-webhook.ts";
import type { ServeProcess } from "./serve-process.ts";

export const namespace = "orchard";
export const group = "fruits.example.dev";
/** Who the aggregated server is, and whose tokens its webhooks are shown. */
export const serverAccount = { namespace, name: "apiserver" };
export const serverCaller = `system:serviceaccount:${namespace}:apiserver`;
/** May do everything with fruits here, and nothing else. */
export const picker = { namespace, name: "picker" };
export const pickerUser = `system:serviceaccount:${namespace}:picker`;
/** May do nothing. */
export const stranger = { namespace, name: "stranger" };
export const strangerUser = `system:serviceaccount:${namespace}:stranger`;

const fruitTypes =
  "interface Fruit { metadata: { name?: string; annotations?: Record<string, string> }; spec: { color?: string } }";
const match = `[{ apiGroups: ["${group}"], apiVersions: ["*"], operations: ["CREATE", "UPDATE"], resources: ["fruits"] }]`;
const policy = (name: string, body: string): string =>
  `import { definePolicy } from "countersign";\n\n${fruitTypes}\n\nexport default definePolicy<Fruit>({ name: "${name}", match: ${match}, ${body} });\n`;

export const policies = {
  "colors.ts": policy(
    "colors",
    `validate: ({ object, deny }) => object.spec.color !== "grey" || deny("no fruit is grey")`,
  ),
  "names.ts": policy(
    "names",
    `validate: ({ object, deny }) => !object.metadata.name?.startsWith("bad-") || deny("no fruit is bad")`,
  ),
  "ripen.ts": policy(
    "ripen",
    "mutate: ({ object, caller, user }) => { object.metadata.annotations = { ...object.metadata.annotations, ripened: caller?.user.username + ' for ' + user.username }; return object; }",
  ),
};

const rbac = "rbac.authorization.k8s.io";

function binding(kind: "ClusterRole" | "Role", role: string, of?: string, account = serverAccount): object {
  return {
    apiVersion: `${rbac}/v1`,
    kind: of === undefined ? "ClusterRoleBinding" : "RoleBinding",
    metadata: { name: `orchard:${role}`, namespace: of },
    roleRef: { apiGroup: rbac, kind, name: role },
    subjects: [{ kind: "ServiceAccount", ...account }],
  };
}

/** Everything but webhooks: accounts, what an aggregated server needs anyway, and what the picker may do. */
export function clusterObjects(): readonly object[] {
  const account = (metadata: object): object => ({ apiVersion: "v1", kind: "ServiceAccount", metadata });
  const role = (name: string, rule: object): object => ({
    apiVersion: `${rbac}/v1`,
    kind: "ClusterRole",
    metadata: { name },
    rules: [rule],
  });
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: { fruits: "yes" } } },
    ...[serverAccount, picker, stranger].map(account),
    role("read-namespaces", { apiGroups: [""], resources: ["namespaces"], verbs: ["get"] }),
    role("pick-fruits", { apiGroups: [group], resources: ["fruits"], verbs: ["*"] }),
    binding("ClusterRole", "read-namespaces"),
    binding("ClusterRole", "system:auth-delegator"),
    binding("Role", "extension-apiserver-authentication-reader", "kube-system"),
    binding("ClusterRole", "pick-fruits", namespace, picker),
    // leads back to this machine; certificates and audiences are those of the Service all the same
    ...["api", "webhooks"].map((name) => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace },
      spec: { type: "ExternalName", externalName: "localhost" },
    })),
  ];
}

export function apiService(port: number, caPem: string): object {
  return {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: `v1alpha1.${group}` },
    spec: {
      group,
      version: "v1alpha1",
      groupPriorityMinimum: 1_000,
      versionPriority: 15,
      caBundle: Buffer.from(caPem).toString("base64"),
      service: { name: "api", namespace, port },
    },
  };
}

interface WebhookOptions {
  readonly name: string;
  readonly clientConfig: object;
  readonly [field: string]: unknown;
}

function configuration(kind: string, name: string, ...webhooks: readonly WebhookOptions[]): object {
  const sources = Object.fromEntries(webhooks.map((webhook) => [webhook.name, { tokenRequest: {} }]));
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: { name, annotations: { "countersign.dev/authentication-source": JSON.stringify(sources) } },
    webhooks: webhooks.map((webhook) => ({
      rules: [
        { apiGroups: [group], apiVersions: ["*"], operations: ["CREATE", "UPDATE"], resources: ["fruits"] },
      ],
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
      ...webhook,
    })),
  };
}

export const paths = { colors: "/validate/colors", names: "/validate/names", ripen: "/mutate/ripen" };

/** One by Service, one by URL with conditions, one that mutates; each asks for a token of its own. */
export function servedConfigurations({ port, url, caBundle }: ServeProcess): readonly object[] {
  const service = (path: string): object => ({
    service: { name: "webhooks", namespace, port, path },
    caBundle,
  });
  const mayPass = `authorizer.group("${group}").resource("fruits").namespace(request.namespace).check("smuggle").allowed()`;
  return [
    configuration("ValidatingWebhookConfiguration", "fruit-colors", {
      name: "colors.example.com",
      clientConfig: service(paths.colors),
      namespaceSelector: { matchLabels: { fruits: "yes" } },
    }),
    configuration("ValidatingWebhookConfiguration", "fruit-names", {
      name: "names.example.com",
      clientConfig: { url: `${url}${paths.names}`, caBundle },
      matchConditions: [
        { name: "not-smuggled", expression: `object.metadata.name != "bad-smuggled" || !${mayPass}` },
      ],
    }),
    configuration("MutatingWebhookConfiguration", "fruit-ripening", {
      name: "ripen.example.com",
      clientConfig: service(paths.ripen),
    }),
  ];
}

/** A webhook that shows what it was sent; `plain` is on it too, and asks for no token. */
export function watchedConfiguration({ port, caBundle }: CapturingWebhook): object {
  const at = (path: string): object => ({ url: `https://localhost:${port}${path}`, caBundle });
  const asking = configuration("ValidatingWebhookConfiguration", "fruit-watchers", {
    name: "asking.example.com",
    clientConfig: at("/asking"),
  }) as { webhooks: readonly object[] };
  const [webhook] = asking.webhooks;
  const plain = { ...webhook, name: "plain.example.com", clientConfig: at("/plain") };
  return { ...asking, webhooks: [webhook, plain] };
}

export function fruit(name: string, spec: object = { color: "red" }): object {
  return { apiVersion: `${group}/v1alpha1`, kind: "Fruit", metadata: { name, namespace }, spec };
}
