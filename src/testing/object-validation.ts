import type { ApiObject } from "./api-object.ts";
import { type FieldError, invalid, invalidObject, required } from "./field-error.ts";
import { dnsLabelFaults, dnsSubdomainFaults, pathSegmentFaults } from "./object-name.ts";
import { strategyOf } from "./object-strategy.ts";
import type { ResourceKind } from "./resource-kind.ts";

/** @throws 422 with every fault of the object's metadata and of its kind */
export function assertValid(kind: ResourceKind, object: ApiObject, old?: ApiObject): void {
  const faults = [
    ...validateMetadata(kind, object, old),
    ...(strategyOf(kind).validate?.(object, old) ?? []),
  ];
  if (faults.length > 0)
    throw invalidObject({ group: kind.group, resource: kind.kind }, object.metadata.name ?? "", faults);
}

const labelNamed = new Set(["/namespaces", "/services"]);

function validateMetadata(
  kind: ResourceKind,
  { metadata }: ApiObject,
  old?: ApiObject,
): readonly FieldError[] {
  const name = metadata.name ?? "";
  if (name === "") return [required("metadata.name", "name or generateName is required")];
  if (old !== undefined) return validateUnchanged(metadata, old.metadata);
  return nameFaults(kind, name).map((fault) => invalid("metadata.name", name, fault));
}

function nameFaults(kind: ResourceKind, name: string): readonly string[] {
  if (kind.group === "rbac.authorization.k8s.io") return pathSegmentFaults(name);
  return labelNamed.has(`${kind.group}/${kind.resource}`) ? dnsLabelFaults(name) : dnsSubdomainFaults(name);
}

function validateUnchanged(
  metadata: ApiObject["metadata"],
  old: ApiObject["metadata"],
): readonly FieldError[] {
  return (["name", "namespace", "uid", "creationTimestamp"] as const)
    .filter((member) => metadata[member] !== old[member])
    .map((member) => invalid(`metadata.${member}`, metadata[member], "field is immutable"));
}
