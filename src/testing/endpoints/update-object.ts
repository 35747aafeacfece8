import { isDeepStrictEqual } from "node:util";
import { type ApiObject, stringsAt, withMetadata } from "../objects/api-object.ts";
import { decodeObject } from "../representations/body-decoder.ts";
import { isDryRun } from "../requests/api-call.ts";
import { badRequest, conflict, StatusError } from "../status/status-error.ts";
import { staleObject } from "../storage/object-store.ts";
import { strategyOf } from "../strategies/object-strategy.ts";
import { assertValid } from "../strategies/object-validation.ts";
import { placed } from "./create-object.ts";
import { readPatch } from "./patch-object.ts";
import { admissionOf, type ResourceRequest, type ResourceServices } from "./resource-context.ts";
import { viewOf } from "./subresource-view.ts";

/** What the client wants the object, or its subresource, to be. */
type Change = (current: ApiObject) => ApiObject;

/** Races with other writers are run again this often where the client named no version. kube-apiserver: 5. */
const attempts = 5;

/** PUT of an object or of a subresource. @throws 409 where it names a resource version that is not the latest */
export function replaceObject(request: ResourceRequest, services: ResourceServices): Promise<ApiObject> {
  const { call, kind, subresource } = request;
  const sent = placed(decodeObject(call, subresource ?? kind), request);
  const { name } = sent.metadata;
  if (name && name !== call.info.name)
    throw badRequest(
      `the name of the object (${name}) does not match the name on the URL (${call.info.name})`,
    );
  return updateObject(request, services, () => sent);
}

/** PATCH: the same with what the patch makes of the object. @throws 415 for a patch type that is not served */
export function patchObject(request: ResourceRequest, services: ResourceServices): Promise<ApiObject> {
  return updateObject(request, services, readPatch(request));
}

async function updateObject(
  request: ResourceRequest,
  services: ResourceServices,
  change: Change,
): Promise<ApiObject> {
  for (let attempt = 1; ; attempt += 1) {
    const { result, versioned } = await tryUpdate(request, services, change);
    if (!(result instanceof StatusError)) return result;
    if (versioned || attempt === attempts || result.status.code !== 409) throw result;
  }
}

async function tryUpdate(
  request: ResourceRequest,
  services: ResourceServices,
  change: Change,
): Promise<{ readonly result: ApiObject | StatusError; readonly versioned: boolean }> {
  const { call, kind, subresource } = request;
  const { store } = services;
  const current = store.require(kind, call.info.namespace, call.info.name);
  const view = viewOf(subresource, kind.subresources?.some(({ name }) => name === "status") ?? false);
  const changed = change(view.read(current));
  assertSame(kind, changed, current);
  const admitted = await admit(request, services, changed, current);
  const next = finished(request, view.write(current, admitted), current);
  if (isUnchanged(next, current)) return { result: view.read(current), versioned: true };
  if (isDryRun(call.query)) return { result: view.read(next), versioned: true };
  const versioned = changed.metadata.resourceVersion === current.metadata.resourceVersion && isPut(request);
  try {
    const stored = store.replace(kind, next, current.metadata.resourceVersion);
    return { result: view.read(dropIfFinal(stored, request, services)), versioned };
  } catch (error) {
    if (error instanceof StatusError) return { result: error, versioned };
    throw error;
  }
}

function isPut({ call }: ResourceRequest): boolean {
  return call.method === "PUT";
}

/** @throws 409 where the client means another object or another version */
function assertSame(kind: ResourceRequest["kind"], { metadata }: ApiObject, current: ApiObject): void {
  const { name, resourceVersion, uid } = current.metadata;
  if (metadata.resourceVersion && metadata.resourceVersion !== resourceVersion)
    throw conflict(kind, name, staleObject);
  if (metadata.uid && metadata.uid !== uid)
    throw conflict(
      kind,
      name,
      `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${uid}`,
    );
}

async function admit(
  request: ResourceRequest,
  { admission }: ResourceServices,
  changed: ApiObject,
  current: ApiObject,
): Promise<ApiObject> {
  const { kind, subresource } = request;
  const { name } = current.metadata;
  const view = viewOf(subresource, false);
  const oldObject = view.read(current);
  const defaults = strategyOf(kind).defaults ?? ((object: ApiObject) => object);
  const completed = subresource?.name === "scale" ? changed : defaults(changed);
  const object = withMetadata(completed, identityOf(current));
  const mutated =
    (await admission.mutate(admissionOf(request, "UPDATE", { name, object, oldObject }))) ?? object;
  if (subresource === undefined) assertValid(kind, withMetadata(mutated, {}), current);
  await admission.validate(admissionOf(request, "UPDATE", { name, object: mutated, oldObject }));
  return mutated;
}

/** What no update changes. */
function identityOf({ metadata }: ApiObject): Partial<ApiObject["metadata"]> {
  const { name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp, generation } =
    metadata;
  return {
    name,
    namespace,
    uid,
    resourceVersion,
    creationTimestamp,
    deletionTimestamp,
    generation,
  } as ApiObject["metadata"];
}

function finished({ kind }: ResourceRequest, next: ApiObject, current: ApiObject): ApiObject {
  const { managedFields, ...metadata } = next.metadata;
  const cleaned = { ...next, metadata: metadata as ApiObject["metadata"] };
  const { generation = 1 } = current.metadata;
  const grew = kind.hasGeneration === true && !isDeepStrictEqual(contentOf(cleaned), contentOf(current));
  return grew ? withMetadata(cleaned, { generation: generation + 1 }) : cleaned;
}

function contentOf({ metadata, status, ...content }: ApiObject): unknown {
  return content;
}

function isUnchanged(next: ApiObject, current: ApiObject): boolean {
  return isDeepStrictEqual(
    withMetadata(next, { resourceVersion: "" }),
    withMetadata(current, { resourceVersion: "" }),
  );
}

/** The update that takes the last finalizer from an object that is being deleted deletes it. */
function dropIfFinal(
  object: ApiObject,
  { kind }: ResourceRequest,
  { store, onDeleted }: ResourceServices,
): ApiObject {
  const { deletionTimestamp, namespace = "", name } = object.metadata;
  if (deletionTimestamp === undefined || stringsAt(object.metadata, "finalizers").length > 0) return object;
  const removed = store.remove(kind, namespace, name);
  onDeleted(kind, removed);
  return removed;
}
