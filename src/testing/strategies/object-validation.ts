import { type ApiObject, stringsAt } from "../objects/api-object.ts";
import {
  dnsLabelFaults,
  dnsSubdomainFaults,
  labelValueFaults,
  pathSegmentFaults,
  qualifiedNameFaults,
} from "../objects/object-name.ts";
import type { ResourceKind } from "../objects/resource-kind.ts";
import { type FieldError, invalid, invalidObject, required } from "../status/field-error.ts";
import { strategyOf } from "./object-strategy.ts";

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
  const identity =
    old === undefined ? validateNames(kind, metadata) : validateUnchanged(metadata, old.metadata);
  return [...identity, ...validateKeys(metadata)];
}

function validateNames(
  kind: ResourceKind,
  { name, generateName = "" }: ApiObject["metadata"],
): readonly FieldError[] {
  // what is generated goes on after it, so it may end as a name may not
  const base = generateName === "" ? [] : nameFaults(kind, `${generateName.replace(/-+$/, "")}a`);
  return [
    ...base.map((fault) => invalid("metadata.generateName", generateName, fault)),
    ...nameFaults(kind, name).map((fault) => invalid("metadata.name", name, fault)),
  ];
}

function validateKeys(metadata: ApiObject["metadata"]): readonly FieldError[] {
  const { labels = {}, annotations = {} } = metadata;
  return [
    ...Object.entries(labels).flatMap(([key, value]) => [
      ...qualifiedNameFaults(key).map((fault) => invalid("metadata.labels", key, fault)),
      ...labelValueFaults(value).map((fault) => invalid("metadata.labels", value, fault)),
    ]),
    ...Object.keys(annotations).flatMap((key) =>
      qualifiedNameFaults(key.toLowerCase()).map((fault) => invalid("metadata.annotations", key, fault)),
    ),
    ...stringsAt(metadata, "finalizers").flatMap((name, index) =>
      finalizerFaults(name).map((fault) => invalid(`metadata.finalizers[${index}]`, name, fault)),
    ),
  ];
}

const standardFinalizers = ["foregroundDeletion", "kubernetes", "orphan"];

function finalizerFaults(name: string): readonly string[] {
  const faults = qualifiedNameFaults(name);
  if (faults.length > 0 || name.includes("/") || standardFinalizers.includes(name)) return faults;
  return ["name is neither a standard finalizer name nor is it fully qualified"];
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
