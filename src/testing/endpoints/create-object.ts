import { randomUUID } from "node:crypto";
import { formatTime } from "../../apis/time.ts";
import { type ApiObject, withMetadata } from "../objects/api-object.ts";
import { generateName } from "../objects/object-name.ts";
import { decodeObject } from "../representations/body-decoder.ts";
import { isDryRun } from "../requests/api-call.ts";
import { alreadyExists, badRequest } from "../status/status-error.ts";
import { strategyOf } from "../strategies/object-strategy.ts";
import { assertValid } from "../strategies/object-validation.ts";
import { admissionOf, type ResourceRequest, type ResourceServices } from "./resource-context.ts";

/** POST of a kind: decode, default, mutating admission, validation, validating admission, store. */
export async function createObject(request: ResourceRequest, services: ResourceServices): Promise<ApiObject> {
  const { call, kind } = request;
  const { store, admission, clock } = services;
  const strategy = strategyOf(kind);
  const defaults = strategy.defaults ?? ((object: ApiObject) => object);
  const sent = placed(defaults(decodeObject(call, kind)), request);
  const { resourceVersion, deletionTimestamp, managedFields, ...metadata } = sent.metadata;
  if (resourceVersion) throw badRequest("resourceVersion should not be set on objects to be created");
  const identity = { uid: randomUUID(), creationTimestamp: formatTime(clock.now()) };
  const begun: ApiObject = { ...sent, metadata: { ...metadata, ...identity } as ApiObject["metadata"] };

  const { name = "" } = metadata;
  const mutated = await admission.mutate(admissionOf(request, "CREATE", { name, object: begun }));
  const named = withName(defaults(mutated ?? begun));
  const prepared = withMetadata(
    strategy.prepareForCreate?.(named) ?? named,
    kind.hasGeneration ? { generation: 1 } : {},
  );
  assertValid(kind, prepared);
  await admission.validate(
    admissionOf(request, "CREATE", { name: prepared.metadata.name, object: prepared }),
  );
  if (!isDryRun(call.query)) {
    const stored = store.create(kind, prepared);
    services.onCreated(kind, stored);
    return stored;
  }
  const { namespace = "" } = prepared.metadata;
  if (store.get(kind, namespace, prepared.metadata.name)) throw alreadyExists(kind, prepared.metadata.name);
  return prepared;
}

function withName(object: ApiObject): ApiObject {
  const { name, generateName: base } = object.metadata;
  return name || !base ? object : withMetadata(object, { name: generateName(base) });
}

/** In the namespace of the path. @throws 400 where the object says another */
export function placed(object: ApiObject, { call, kind }: ResourceRequest): ApiObject {
  const { namespace: given, ...metadata } = object.metadata;
  const { namespace } = call.info;
  if (!kind.namespaced) {
    if (!given) return { ...object, metadata: metadata as ApiObject["metadata"] };
    throw badRequest("namespace is not allowed on this type");
  }
  if (namespace === "") throw badRequest("an empty namespace may not be set during creation");
  if (given && given !== namespace)
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  return withMetadata(object, { namespace });
}
