import { formatTime } from "../../apis/time.ts";
import { isNamespace, terminating } from "../admission/namespace-lifecycle.ts";
import {
  type ApiObject,
  defined,
  type JsonObject,
  objectAt,
  stringAt,
  stringsAt,
  withMetadata,
} from "../objects/api-object.ts";
import type { ResourceKind } from "../objects/resource-kind.ts";
import { decodeOptions } from "../representations/body-decoder.ts";
import { isDryRun } from "../requests/api-call.ts";
import { conflict } from "../status/status-error.ts";
import { parseSelectors } from "../storage/selector.ts";
import { admissionOf, type ResourceRequest, type ResourceServices } from "./resource-context.ts";

/** DELETE: admission, then away at once, or marked where finalizers hold it. */
export async function deleteObject(
  request: ResourceRequest,
  services: ResourceServices,
): Promise<JsonObject> {
  const { call, kind } = request;
  const { namespace, name } = call.info;
  const current = services.store.require(kind, namespace, name);
  const options = decodeOptions(call);
  assertPreconditions(kind, current, objectAt(options, "preconditions"));
  await services.admission.validate(admissionOf(request, "DELETE", { name, oldObject: current }, options));
  const dryRun = isDryRun(call.query) || stringsAt(options, "dryRun").includes("All");
  const deleted = dryRun ? current : remove(kind, current, services);
  const held = deleted.metadata.deletionTimestamp !== undefined;
  if (isNamespace(kind)) return terminating(deleted, services.clock);
  return held || kind.returnsDeleted ? deleted : success(kind, deleted);
}

/** DELETE of a collection: everything that the selectors match, one by one; answered with the list of them. */
export async function deleteCollection(
  request: ResourceRequest,
  services: ResourceServices,
): Promise<ApiObject[]> {
  const { call, kind } = request;
  const selected = parseSelectors(call.query, kind);
  const options = decodeOptions(call);
  const deleted: ApiObject[] = [];
  for (const object of services.store.list(kind, call.info.namespace).filter(selected)) {
    const { name } = object.metadata;
    await services.admission.validate(admissionOf(request, "DELETE", { name, oldObject: object }, options));
    deleted.push(isDryRun(call.query) ? object : remove(kind, object, services));
  }
  return deleted;
}

/** Removes an object, or marks it as deleted where it has finalizers; as any deletion does, without admission. */
export function remove(kind: ResourceKind, object: ApiObject, services: ResourceServices): ApiObject {
  const { store, clock, onDeleted } = services;
  const { namespace = "", name } = object.metadata;
  const current = store.require(kind, namespace, name);
  if (stringsAt(current.metadata, "finalizers").length === 0) {
    const removed = store.remove(kind, namespace, name);
    onDeleted(kind, removed);
    return removed;
  }
  if (current.metadata.deletionTimestamp !== undefined) return current;
  const marked = withMetadata(current, {
    deletionTimestamp: formatTime(clock.now()),
    deletionGracePeriodSeconds: 0,
  });
  return store.replace(kind, marked, current.metadata.resourceVersion);
}

function assertPreconditions(kind: ResourceKind, { metadata }: ApiObject, preconditions: JsonObject): void {
  const { uid, resourceVersion } = metadata;
  const check = (
    label: string,
    wanted: string | undefined,
    actual: string | undefined,
    cause: string,
  ): void => {
    if (wanted === undefined || wanted === actual) return;
    const reason = `the ${label} in the precondition (${wanted}) does not match the ${label} in record (${actual}). The object might have been ${cause}`;
    throw conflict({ group: kind.group, resource: kind.kind }, metadata.name, reason);
  };
  check("UID", stringAt(preconditions, "uid"), uid, "deleted and then recreated");
  check("ResourceVersion", stringAt(preconditions, "resourceVersion"), resourceVersion, "modified");
}

/** The Status that says what is gone. */
export function success(
  { group, resource }: ResourceKind,
  { metadata: { name, uid } }: ApiObject,
): JsonObject {
  const details = defined({ name, group: group || undefined, kind: resource, uid });
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}
