import type { CapturingWebhook } from "../rig/capturing-webhook.ts";
import type { ServeProcess } from "./serve-process.ts";

export const namespace = "story";
/** Whose tokens kube-apiserver presents. */
export const callerAccount = { namespace: "kube-system", name: "webhook-caller" };
export const caller = `system:serviceaccount:${callerAccount.namespace}:${callerAccount.name}`;
/** Who `serve` is to the API server. */
export const serveAccount = { namespace, name: "countersign" };
export const goodImage = "registry.example.com/app:1";
export const badImage = "elsewhere.example.com/app:1";

export const imagesPolicy = `import { definePolicy } from "countersign";

interface Deployment {
  spec: { template: { spec: { containers: { image: string }[] } } };
}

export default definePolicy<Deployment>({
  name: "images-from-registry",
  match: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] }],
  validate: (review) =>
    review.object.spec.template.spec.containers.every(({ image }) => image.startsWith("registry.example.com/")) ||
    review.deny("images come from registry.example.com only"),
});
`;

/** Adds an annotation that says who called and who asked, and touches nothing else. */
export const stampPolicy = `import { definePolicy } from "countersign";

interface Deployment {
  metadata: { annotations?: Record<string, string> };
}

export default definePolicy<Deployment>({
  name: "stamp",
  match: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] }],
  mutate: ({ object, caller, user }) => {
    object.metadata.annotations = { ...object.metadata.annotations, seen: \`\${caller?.user.username} for \${user.username}\` };
    return object;
  },
});
`;

export const listOf = (items: readonly object[]): object => ({ apiVersion: "v1", kind: "List", items });

export function accountsAndServices(): readonly object[] {
  const service = (name: string): object => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    // leads back to this machine; kube-apiserver still says the Service's name
    spec: { type: "ExternalName", externalName: "localhost" },
  });
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: callerAccount },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: serveAccount },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "countersign-reviews-tokens" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:auth-delegator" },
      subjects: [{ kind: "ServiceAccount", ...serveAccount }],
    },
    service("countersign"),
    service("guard"),
    service("stamp"),
    service("bystander"),
  ];
}

export interface ConfigurationOptions {
  readonly name: string;
  readonly clientConfig: object;
  readonly matchLabels: object;
}

/** Two webhooks on one endpoint, for the Deployments that are labelled with their failurePolicy. */
export function configuration({ name, clientConfig, matchLabels }: ConfigurationOptions): object {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: `story-${name}` },
    webhooks: ["Fail", "Ignore"].map((failurePolicy) => ({
      name: `${failurePolicy.toLowerCase()}.${name}.example.com`,
      clientConfig,
      failurePolicy,
      rules: [
        { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] },
      ],
      objectSelector: { matchLabels: { ...matchLabels, failurePolicy } },
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
    })),
  };
}

/** On a Service of its own: the plugin is told host and port only. */
export function mutatingConfiguration({ port, caBundle }: ServeProcess): object {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name: "story-stamp" },
    webhooks: [
      {
        name: "stamp.example.com",
        clientConfig: { service: { name: "stamp", namespace, port, path: "/mutate/stamp" }, caBundle },
        rules: [
          { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] },
        ],
        objectSelector: { matchLabels: { stamp: "yes" } },
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
      },
    ],
  };
}

/** Rules of the guard: the last is met by every request for a token, its own token's among them. */
export const guardRules = {
  deployments: {
    apiGroups: ["apps"],
    apiVersions: ["v1"],
    operations: ["CREATE"],
    resources: ["deployments"],
  },
  configMaps: { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] },
  tokenRequests: {
    apiGroups: [""],
    apiVersions: ["v1"],
    operations: ["CREATE"],
    resources: ["serviceaccounts/token"],
  },
} as const;

/** A webhook on a Service of its own; `more` goes into it. */
export function guardConfiguration({ port, caBundle }: ServeProcess, more: object): object {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: "story-guard" },
    webhooks: [
      {
        name: "guard.example.com",
        clientConfig: { service: { name: "guard", namespace, port, path: "/validate/guard" }, caBundle },
        failurePolicy: "Fail",
        rules: [guardRules.deployments],
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
        ...more,
      },
    ],
  };
}

export function configurations(
  { port, url, caBundle }: ServeProcess,
  bystander: CapturingWebhook,
): readonly object[] {
  const service = { name: "countersign", namespace, port, path: "/validate/service" };
  const elsewhere = { name: "bystander", namespace, port: bystander.port };
  return [
    configuration({ name: "service", clientConfig: { service, caBundle }, matchLabels: { via: "service" } }),
    configuration({
      name: "url",
      clientConfig: { url: `${url}/validate/url`, caBundle },
      matchLabels: { via: "url" },
    }),
    configuration({
      name: "bystander",
      clientConfig: { service: elsewhere, caBundle: bystander.caBundle },
      matchLabels: {},
    }),
  ];
}

/** The kubeconfig of WebhookAdmissionConfiguration: users for the hosts that opted in, never `*`. */
export function webhookKubeconfig(
  users: readonly { readonly name: string; readonly user: object }[],
): string {
  return JSON.stringify({ apiVersion: "v1", kind: "Config", users });
}

export function deployment(name: string, labels: object, image: string): object {
  const selected = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, labels },
    spec: {
      selector: { matchLabels: selected },
      template: { metadata: { labels: selected }, spec: { containers: [{ name: "main", image }] } },
    },
  };
}
