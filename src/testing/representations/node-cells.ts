import { type ApiObject, isJsonObject, listAt, objectAt, stringAt } from "../objects/api-object.ts";

/** What `kubectl get nodes` shows of a node: k8s.io/kubernetes pkg/printers/internalversion printNode, 1.37. */
export const nodeCells = {
  status(node: ApiObject): string {
    const conditions = listAt(objectAt(node, "status"), "conditions").filter(isJsonObject);
    const ready = conditions.find(({ type }) => type === "Ready");
    const shown = ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
    return objectAt(node, "spec").unschedulable === true ? `${shown},SchedulingDisabled` : shown;
  },
  roles({ metadata: { labels = {} } }: ApiObject): string {
    const prefix = "node-role.kubernetes.io/";
    const roles = Object.entries(labels).flatMap(([label, value]) => {
      if (label === "kubernetes.io/role") return value;
      return label.startsWith(prefix) ? label.slice(prefix.length) : "";
    });
    return [...new Set(roles.filter((role) => role !== ""))].sort().join(",") || "<none>";
  },
  version: (node: ApiObject): string => systemInfo(node, "kubeletVersion"),
  internalIP: (node: ApiObject): string => address(node, "InternalIP"),
  externalIP: (node: ApiObject): string => address(node, "ExternalIP"),
  osImage: (node: ApiObject): string => systemInfo(node, "osImage") || unknown,
  kernelVersion(node: ApiObject): string {
    const architecture = systemInfo(node, "architecture");
    const kernel = systemInfo(node, "kernelVersion") || unknown;
    return architecture === "" ? kernel : `${kernel} (${architecture})`;
  },
  containerRuntime: (node: ApiObject): string => systemInfo(node, "containerRuntimeVersion") || unknown,
};

const unknown = "<unknown>";

function systemInfo(node: ApiObject, member: string): string {
  return stringAt(objectAt(objectAt(node, "status"), "nodeInfo"), member) ?? "";
}

function address(node: ApiObject, wanted: string): string {
  const addresses = listAt(objectAt(node, "status"), "addresses").filter(isJsonObject);
  return String(addresses.find(({ type }) => type === wanted)?.address ?? "<none>");
}
