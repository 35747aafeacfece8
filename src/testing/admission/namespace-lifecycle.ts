import { formatTime } from "../../apis/time.ts";
import type { Clock } from "../../clock.ts";
import { type ApiObject, withMetadata } from "../objects/api-object.ts";
import { isStored, type ResourceKind, type ResourceRegistry } from "../objects/resource-kind.ts";
import { forbiddenBy, notFound } from "../status/status-error.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import type { AdmissionAttributes } from "./admission-attributes.ts";

/** Namespaces that every cluster keeps. */
const immortal = new Set(["default", "kube-system", "kube-public"]);

/** kube-apiserver's NamespaceLifecycle: nothing is created where there is no namespace, and some are never deleted. */
export function assertNamespaceLifecycle(
  { operation, resource, subResource, namespace, name }: AdmissionAttributes,
  namespaced: boolean,
  store: ObjectStore,
  namespaces: ResourceKind,
): void {
  if (
    operation === "DELETE" &&
    resource.group === "" &&
    resource.resource === "namespaces" &&
    immortal.has(name)
  )
    throw forbiddenBy(namespaces, name, "this namespace may not be deleted");
  if (operation !== "CREATE" || !namespaced || subResource !== "") return;
  const found = store.get(namespaces, "", namespace);
  if (found === undefined) throw notFound(namespaces, namespace);
  if (found.metadata.deletionTimestamp !== undefined)
    throw forbiddenBy(
      resource,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
    );
}

export function isNamespace({ group, resource }: ResourceKind): boolean {
  return group === "" && resource === "namespaces";
}

/** A namespace whose deletion has begun: upstream the controller ends it after the answer. */
export function terminating(namespace: ApiObject, clock: Clock): ApiObject {
  const deletionTimestamp = namespace.metadata.deletionTimestamp ?? formatTime(clock.now());
  return { ...withMetadata(namespace, { deletionTimestamp }), status: { phase: "Terminating" } };
}

/** What kube-controller-manager does with a deleted namespace: everything in it goes too. */
export function deleteContents(namespace: ApiObject, registry: ResourceRegistry, store: ObjectStore): void {
  for (const kind of registry.kinds.filter((each) => each.namespaced && isStored(each)))
    for (const { metadata } of store.list(kind, namespace.metadata.name))
      store.remove(kind, namespace.metadata.name, metadata.name);
}
