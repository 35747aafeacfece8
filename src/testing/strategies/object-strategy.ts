import { isDeepStrictEqual } from "node:util";
import {
  type ApiObject,
  defined,
  isJsonObject,
  type JsonObject,
  listAt,
  objectAt,
  stringAt,
} from "../objects/api-object.ts";
import type { ResourceKind } from "../objects/resource-kind.ts";
import { type FieldError, invalid, required } from "../status/field-error.ts";
import { defaultNode, taintNewNode } from "./node-strategy.ts";
import { defaultPodSpec } from "./pod-defaults.ts";
import { defaultBinding, validateBinding, validateRole } from "./rbac-strategy.ts";
import { defaultSecret, validateSecret } from "./secret-strategy.ts";
import {
  defaultWebhookConfiguration,
  validateWebhookConfiguration,
} from "./webhook-configuration-strategy.ts";

/** What one kind does to its objects on their way into the store. */
export interface ObjectStrategy {
  /** Fills in what the author left out, before any webhook sees the object. */
  readonly defaults?: (object: ApiObject) => ApiObject;
  /** What a client may not set: at creation, status. */
  readonly prepareForCreate?: (object: ApiObject) => ApiObject;
  readonly validate?: (object: ApiObject, old?: ApiObject) => readonly FieldError[];
}

const bindings = { defaults: defaultBinding, validate: validateBinding } satisfies ObjectStrategy;
const webhooks = {
  defaults: defaultWebhookConfiguration,
  validate: validateWebhookConfiguration,
} satisfies ObjectStrategy;

const strategies: Readonly<Record<string, ObjectStrategy>> = {
  "/namespaces": { defaults: defaultNamespace, prepareForCreate: withStatus({ phase: "Active" }) },
  "/nodes": { defaults: defaultNode, prepareForCreate: taintNewNode },
  "/pods": {
    defaults: (pod) => ({
      ...pod,
      spec: { enableServiceLinks: true, ...defaultPodSpec(objectAt(pod, "spec")) },
    }),
    prepareForCreate: withStatus({ phase: "Pending", qosClass: "BestEffort" }),
    validate: (pod) => validateContainers(objectAt(pod, "spec"), "spec"),
  },
  "/secrets": { defaults: defaultSecret, validate: validateSecret },
  "/services": {
    defaults: defaultService,
    prepareForCreate: withStatus({ loadBalancer: {} }),
    validate: validateService,
  },
  "apps/deployments": {
    defaults: defaultDeployment,
    prepareForCreate: withStatus({}),
    validate: validateDeployment,
  },
  "rbac.authorization.k8s.io/clusterrolebindings": bindings,
  "rbac.authorization.k8s.io/clusterroles": { validate: validateRole },
  "rbac.authorization.k8s.io/rolebindings": bindings,
  "rbac.authorization.k8s.io/roles": { validate: validateRole },
  "admissionregistration.k8s.io/validatingwebhookconfigurations": webhooks,
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": webhooks,
};

/** Kinds without one of their own are stored as they come. */
export function strategyOf({ group, resource }: ResourceKind): ObjectStrategy {
  const key = `${group}/${resource}`;
  return Object.hasOwn(strategies, key) ? strategies[key]! : {};
}

function withStatus(status: JsonObject): (object: ApiObject) => ApiObject {
  return (object) => ({ ...object, status });
}

function defaultNamespace(namespace: ApiObject): ApiObject {
  const { metadata } = namespace;
  const labels = {
    ...metadata.labels,
    ...(metadata.name ? { "kubernetes.io/metadata.name": metadata.name } : {}),
  };
  return { ...namespace, metadata: { ...metadata, labels }, spec: { finalizers: ["kubernetes"] } };
}

function defaultService(service: ApiObject): ApiObject {
  const spec = objectAt(service, "spec");
  const ports = listAt(spec, "ports").filter(isJsonObject);
  const completed = ports.map((port) => ({ protocol: "TCP", targetPort: port.port, ...port }));
  return {
    ...service,
    spec: defined({
      sessionAffinity: "None",
      type: "ClusterIP",
      ...spec,
      ports: completed.length > 0 ? completed : undefined,
    }),
  };
}

/** An ExternalName is what webhooks of this control plane are reached by. */
function validateService(service: ApiObject): readonly FieldError[] {
  const spec = objectAt(service, "spec");
  return spec.type === "ExternalName" && !stringAt(spec, "externalName")
    ? [required("spec.externalName")]
    : [];
}

function defaultDeployment(deployment: ApiObject): ApiObject {
  const spec = objectAt(deployment, "spec");
  const template = objectAt(spec, "template");
  const strategy = objectAt(spec, "strategy");
  const rolling = { rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" }, type: "RollingUpdate" };
  return {
    ...deployment,
    spec: {
      progressDeadlineSeconds: 600,
      replicas: 1,
      revisionHistoryLimit: 10,
      ...spec,
      strategy: strategy.type === "Recreate" ? strategy : { ...rolling, ...strategy },
      template: { ...template, spec: defaultPodSpec(objectAt(template, "spec")) },
    },
  };
}

function validateDeployment(deployment: ApiObject, old?: ApiObject): readonly FieldError[] {
  const spec = objectAt(deployment, "spec");
  const selector = objectAt(spec, "selector");
  const labels = objectAt(objectAt(objectAt(spec, "template"), "metadata"), "labels");
  const wanted = Object.entries(objectAt(selector, "matchLabels"));
  const faults: FieldError[] = [];
  if (!isJsonObject(spec.selector)) faults.push(required("spec.selector"));
  if (!isJsonObject(spec.selector) || wanted.some(([key, value]) => labels[key] !== value)) {
    const given = Object.keys(labels).length === 0 ? undefined : labels;
    faults.push(
      invalid("spec.template.metadata.labels", given, "`selector` does not match template `labels`"),
    );
  }
  if (old !== undefined && !isDeepStrictEqual(selector, objectAt(objectAt(old, "spec"), "selector")))
    faults.push(invalid("spec.selector", selector, "field is immutable"));
  return [
    ...faults,
    ...validateContainers(objectAt(objectAt(spec, "template"), "spec"), "spec.template.spec"),
  ];
}

function validateContainers(spec: JsonObject, path: string): readonly FieldError[] {
  const containers = listAt(spec, "containers").filter(isJsonObject);
  if (containers.length === 0) return [required(`${path}.containers`)];
  return containers.flatMap((container, index) =>
    ["name", "image"]
      .filter((member) => (stringAt(container, member) ?? "") === "")
      .map((member) => required(`${path}.containers[${index}].${member}`)),
  );
}
