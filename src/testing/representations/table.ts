import {
  type ApiObject,
  isJsonObject,
  type Json,
  type JsonObject,
  listAt,
  objectAt,
} from "../objects/api-object.ts";
import type { ResourceKind } from "../objects/resource-kind.ts";
import { nodeCells } from "./node-cells.ts";

interface Column {
  readonly name: string;
  readonly cell: (object: ApiObject, now: number) => Json;
  readonly type?: string;
  readonly format?: string;
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority?: number;
}

const name: Column = { name: "Name", format: "name", cell: ({ metadata }) => metadata.name };
const age: Column = {
  name: "Age",
  cell: ({ metadata }, now) => formatAge(now - Date.parse(metadata.creationTimestamp ?? "")),
};
const created: Column = {
  name: "Created At",
  type: "date",
  cell: ({ metadata }) => metadata.creationTimestamp ?? null,
};
const role: Column = {
  name: "Role",
  cell: (binding) => `${objectAt(binding, "roleRef").kind}/${objectAt(binding, "roleRef").name}`,
};
const subjects = (column: string, kind: string): Column => ({
  name: column,
  priority: 1,
  cell: subjectNames(kind),
});
const bindingColumns = [
  name,
  role,
  age,
  subjects("Users", "User"),
  subjects("Groups", "Group"),
  subjects("ServiceAccounts", "ServiceAccount"),
];
const webhookColumns: readonly Column[] = [
  name,
  { name: "Webhooks", type: "integer", cell: (object) => listAt(object, "webhooks").length },
  age,
];

// k8s.io/kubernetes pkg/printers/internalversion, 1.37, for the kinds served here
const columns: Readonly<Record<string, readonly Column[]>> = {
  "/configmaps": [name, { name: "Data", cell: dataSize }, age],
  "/namespaces": [name, { name: "Status", cell: (object) => objectAt(object, "status").phase ?? "" }, age],
  "/nodes": [
    name,
    { name: "Status", cell: nodeCells.status },
    { name: "Roles", cell: nodeCells.roles },
    age,
    { name: "Version", cell: nodeCells.version },
    { name: "Internal-IP", priority: 1, cell: nodeCells.internalIP },
    { name: "External-IP", priority: 1, cell: nodeCells.externalIP },
    { name: "OS-Image", priority: 1, cell: nodeCells.osImage },
    { name: "Kernel-Version", priority: 1, cell: nodeCells.kernelVersion },
    { name: "Container-Runtime", priority: 1, cell: nodeCells.containerRuntime },
  ],
  "/pods": [
    name,
    { name: "Ready", cell: (pod) => `0/${containersOf(objectAt(pod, "spec")).length}` },
    { name: "Status", cell: (pod) => objectAt(pod, "status").phase ?? "" },
    { name: "Restarts", cell: () => "0" },
    age,
  ],
  "/secrets": [
    name,
    { name: "Type", cell: (secret) => secret.type ?? "" },
    { name: "Data", cell: dataSize },
    age,
  ],
  "/services": [
    name,
    { name: "Type", cell: (service) => objectAt(service, "spec").type ?? "" },
    { name: "Cluster-IP", cell: (service) => objectAt(service, "spec").clusterIP ?? "<none>" },
    { name: "External-IP", cell: (service) => objectAt(service, "spec").externalName ?? "<none>" },
    { name: "Port(s)", cell: servicePorts },
    age,
  ],
  "apps/deployments": [
    name,
    { name: "Ready", cell: (object) => `${statusCount(object, "readyReplicas")}/${replicasOf(object)}` },
    { name: "Up-to-date", cell: (object) => statusCount(object, "updatedReplicas") },
    { name: "Available", cell: (object) => statusCount(object, "availableReplicas") },
    age,
    { name: "Containers", priority: 1, cell: (object) => containerMembers(object, "name") },
    { name: "Images", priority: 1, cell: (object) => containerMembers(object, "image") },
    { name: "Selector", priority: 1, cell: selectorOf },
  ],
  "rbac.authorization.k8s.io/clusterroles": [name, created],
  "rbac.authorization.k8s.io/roles": [name, created],
  "rbac.authorization.k8s.io/clusterrolebindings": bindingColumns,
  "rbac.authorization.k8s.io/rolebindings": bindingColumns,
  "admissionregistration.k8s.io/validatingwebhookconfigurations": webhookColumns,
  "admissionregistration.k8s.io/mutatingwebhookconfigurations": webhookColumns,
};

/** How much of the object each row carries: `includeObject`. */
export type IncludeObject = "None" | "Metadata" | "Object";

export interface TableOptions {
  readonly metadata: JsonObject;
  readonly includeObject: IncludeObject;
  readonly now: number;
  /** A watch says its columns once. */
  readonly withColumns: boolean;
}

/** `meta.k8s.io/v1 Table`, which `kubectl get` prints. Kinds without columns of their own: name and age. */
export function tableOf(
  kind: ResourceKind,
  objects: readonly ApiObject[],
  options: TableOptions,
): JsonObject {
  const key = `${kind.group}/${kind.resource}`;
  const shown = Object.hasOwn(columns, key) ? columns[key]! : [name, age];
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata: options.metadata,
    columnDefinitions: options.withColumns ? shown.map(definition) : [],
    rows: objects.map((object) => ({
      cells: shown.map(({ cell }) => cell(object, options.now)),
      object: rowObject(object, options.includeObject),
    })),
  };
}

function definition({ name: title, type = "string", format = "", priority = 0 }: Column): JsonObject {
  return { name: title, type, format, description: title, priority };
}

function rowObject(object: ApiObject, include: IncludeObject): Json {
  if (include === "Object") return object;
  if (include === "None") return null;
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata };
}

/** As k8s.io/apimachinery pkg/util/duration HumanDuration, of which tests see the first minutes. */
export function formatAge(durationMs: number): string {
  if (Number.isNaN(durationMs)) return "<unknown>";
  const seconds = Math.max(0, Math.floor(durationMs / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return withRest(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return withRest(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  return days < 8 ? withRest(days, "d", hours % 24, "h") : `${days}d`;
}

function withRest(whole: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${whole}${unit}` : `${whole}${unit}${rest}${restUnit}`;
}

function dataSize(object: ApiObject): number {
  return Object.keys(objectAt(object, "data")).length + Object.keys(objectAt(object, "binaryData")).length;
}

function replicasOf(object: ApiObject): Json {
  return objectAt(object, "spec").replicas ?? 0;
}

function statusCount(object: ApiObject, member: string): Json {
  return objectAt(object, "status")[member] ?? 0;
}

function containersOf(spec: JsonObject): readonly JsonObject[] {
  return listAt(spec, "containers").filter(isJsonObject);
}

function containerMembers(deployment: ApiObject, member: string): string {
  const spec = objectAt(objectAt(objectAt(deployment, "spec"), "template"), "spec");
  return containersOf(spec)
    .map((container) => container[member])
    .join(",");
}

function selectorOf(deployment: ApiObject): string {
  const labels = objectAt(objectAt(objectAt(deployment, "spec"), "selector"), "matchLabels");
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

function servicePorts(service: ApiObject): string {
  const ports = listAt(objectAt(service, "spec"), "ports").filter(isJsonObject);
  return ports.length === 0 ? "<none>" : ports.map(({ port, protocol }) => `${port}/${protocol}`).join(",");
}

function subjectNames(kind: string): (binding: ApiObject) => string {
  return (binding) =>
    listAt(binding, "subjects")
      .filter(isJsonObject)
      .filter((subject) => subject.kind === kind)
      .map((subject) => (kind === "ServiceAccount" ? `${subject.namespace}/${subject.name}` : subject.name))
      .join(", ");
}
