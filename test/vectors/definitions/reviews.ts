interface Described {
  readonly group: string;
  readonly version: string;
}

interface ReviewDefinition {
  readonly kind: Described & { readonly kind: string };
  readonly resource: Described & { readonly resource: string };
  readonly operation?: string;
  readonly subResource?: string;
  /** Exchanged in the finished request. */
  readonly changes?: Readonly<Record<string, unknown>>;
  readonly version?: "v1" | "v1beta1";
}

const deploymentKind = { group: "apps", version: "v1", kind: "Deployment" };
const deployments = { group: "apps", version: "v1", resource: "deployments" };
const podKind = { group: "", version: "v1", kind: "Pod" };
const pods = { group: "", version: "v1", resource: "pods" };
const deployment = { kind: deploymentKind, resource: deployments };

function reviewOf(definition: ReviewDefinition): Readonly<Record<string, unknown>> {
  const { kind, resource, subResource, operation = "CREATE", changes = {}, version = "v1" } = definition;
  const sub = subResource === undefined ? {} : { subResource, requestSubResource: subResource };
  const request = {
    uid: "0df28fbd-5f5f-11e8-bc74-36e6bb280816",
    kind,
    resource,
    ...sub,
    requestKind: kind,
    requestResource: resource,
    name: "web",
    namespace: "shop",
    operation,
    userInfo: { username: "alice", groups: ["system:authenticated"] },
    object: objectOf(kind),
    oldObject: null,
    dryRun: false,
    options: null,
    ...changes,
  };
  return { kind: "AdmissionReview", apiVersion: `admission.k8s.io/${version}`, request };
}

function objectOf({ group, version, kind }: ReviewDefinition["kind"]): object {
  const apiVersion = group === "" ? version : `${group}/${version}`;
  return { apiVersion, kind, metadata: { name: "web", namespace: "shop" } };
}

const podObject = objectOf(podKind);

export const reviews = {
  "create Deployment": reviewOf(deployment),
  "create Deployment, v1beta1": reviewOf({ ...deployment, version: "v1beta1" }),
  "delete Deployment": reviewOf({
    ...deployment,
    operation: "DELETE",
    changes: { object: null, oldObject: objectOf(deploymentKind) },
  }),
  "scale Deployment": reviewOf({
    kind: { group: "autoscaling", version: "v1", kind: "Scale" },
    resource: deployments,
    subResource: "scale",
    operation: "UPDATE",
  }),
  "create Pod": reviewOf({ kind: podKind, resource: pods }),
  "evict Pod": reviewOf({
    kind: { group: "policy", version: "v1", kind: "Eviction" },
    resource: pods,
    subResource: "eviction",
  }),
  "exec into Pod": reviewOf({
    kind: { group: "", version: "v1", kind: "PodExecOptions" },
    resource: pods,
    subResource: "exec",
    operation: "CONNECT",
  }),
  "create Job": reviewOf({
    kind: { group: "batch", version: "v1", kind: "Job" },
    resource: { group: "batch", version: "v1", resource: "jobs" },
  }),
  "create Deployment, asked for as extensions": reviewOf({
    ...deployment,
    changes: {
      requestKind: { ...deploymentKind, group: "extensions", version: "v1beta1" },
      requestResource: { ...deployments, group: "extensions", version: "v1beta1" },
    },
  }),
  "Deployment's resource with a Job's kind": reviewOf({
    kind: { group: "batch", version: "v1", kind: "Job" },
    resource: deployments,
  }),
  "Deployment's resource and kind with a Pod as object": reviewOf({
    ...deployment,
    changes: { object: podObject },
  }),
  "Deployment's resource and kind with a Pod as oldObject": reviewOf({
    ...deployment,
    operation: "UPDATE",
    changes: { oldObject: podObject },
  }),
  "scale of a kind that is no Scale": reviewOf({
    kind: { group: "batch", version: "v1", kind: "Job" },
    resource: deployments,
    subResource: "scale",
    operation: "UPDATE",
  }),
  "create Deployment, its resource twice": JSON.stringify(reviewOf(deployment)).replace(
    '"resource":',
    '"resource":{"group":"batch","version":"v1","resource":"jobs"},"resource":',
  ),
  "a review of another API": { ...reviewOf(deployment), apiVersion: "admission.example.com/v1" },
} as const satisfies Readonly<Record<string, unknown>>;

export type ReviewName = keyof typeof reviews;
