import type { Webhook, WebhookConfiguration } from "../../apis/admissionregistration.ts";
import type { KubernetesObject } from "../../apis/meta.ts";

/** Who the demo's API server calls its webhooks as; it creates this one, and its grant, by itself. */
export const callerAccount = { namespace: "kube-system", name: "webhook-caller" };
/** Who the webhook server reads the issuer's keys as. */
export const serverAccount = { namespace: "countersign-demo", name: "countersign" };
/** A tenant who may attest its own API group, as any aggregated API server's owner may. */
export const tenantAccount = { namespace: "tenant", name: "widgets-apiserver" };

export const tenantGroup = "widgets.example.com";
export const configurationName = "images";
export const webhookName = "images.countersign.dev";
export const otherWebhookName = "other.countersign.dev";
export const webhookPath = "/validate/images";
export const service = { namespace: "countersign-demo", name: "images" };
export const serverName = `${service.name}.${service.namespace}.svc`;

/** An object and where it is posted. */
export interface PostedObject {
  readonly path: string;
  readonly body: unknown;
}

const core = (kind: string, name: string, more: object = {}) => ({
  apiVersion: "v1",
  kind,
  metadata: { name },
  ...more,
});

/** Namespaces, ServiceAccounts, and a Service that leads to this machine. */
export function foundations(): readonly PostedObject[] {
  const accounts = [serverAccount, tenantAccount];
  return [
    ...["countersign-demo", "tenant", "shop"].map((name) => ({
      path: "/api/v1/namespaces",
      body: core("Namespace", name),
    })),
    ...accounts.map(({ namespace, name }) => ({
      path: `/api/v1/namespaces/${namespace}/serviceaccounts`,
      body: core("ServiceAccount", name),
    })),
    {
      path: `/api/v1/namespaces/${service.namespace}/services`,
      body: core("Service", service.name, { spec: { type: "ExternalName", externalName: "localhost" } }),
    },
  ];
}

/** Where an RBAC object is posted. */
export function rbacPath({ kind, metadata }: KubernetesObject): string {
  const namespace = metadata.namespace === undefined ? "" : `/namespaces/${metadata.namespace}`;
  return `/apis/rbac.authorization.k8s.io/v1${namespace}/${kind.toLowerCase()}s`;
}

/** Two webhooks: ours, and another one that is not ours to call for. */
export function webhookConfiguration(port: number, caPem: string): WebhookConfiguration {
  const webhook: Omit<Webhook, "name" | "clientConfig"> = {
    admissionReviewVersions: ["v1"],
    sideEffects: "None",
    failurePolicy: "Ignore",
    timeoutSeconds: 5,
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "shop" } },
    rules: [
      { operations: ["CREATE"], apiGroups: ["apps"], apiVersions: ["v1"], resources: ["deployments"] },
      { operations: ["CREATE"], apiGroups: [tenantGroup], apiVersions: ["*"], resources: ["*"] },
    ],
  };
  const caBundle = Buffer.from(caPem).toString("base64");
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: configurationName },
    webhooks: [
      {
        ...webhook,
        name: webhookName,
        clientConfig: { service: { ...service, port, path: webhookPath }, caBundle },
      },
      {
        ...webhook,
        name: otherWebhookName,
        clientConfig: { url: "https://other.example.com/validate", caBundle },
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "nowhere" } },
      },
    ],
  };
}

/** A Deployment of one container. */
export function deployment(name: string, image: string): unknown {
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "shop" },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "main", image }] } },
    },
  };
}

/** The review that an API server would send for a Deployment, written by somebody who is none. */
export function deploymentReview(uid: string): string {
  const kind = { group: "apps", version: "v1", kind: "Deployment" };
  const resource = { group: "apps", version: "v1", resource: "deployments" };
  return JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      ...{ uid, kind, resource, requestKind: kind, requestResource: resource },
      name: "probe",
      namespace: "shop",
      operation: "CREATE",
      userInfo: { username: "kubernetes-admin", groups: ["system:masters"] },
      object: deployment("probe", "registry.example.com/team/probe:1"),
      oldObject: null,
      dryRun: false,
    },
  });
}
