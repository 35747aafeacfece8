import type { ApiObject, JsonObject } from "../objects/api-object.ts";
import { apiVersionOf } from "../objects/resource-kind.ts";
import { decodeObject } from "../representations/body-decoder.ts";
import { assertServed, includeObjectOf, negotiate } from "../representations/content-negotiation.ts";
import { tableOf } from "../representations/table.ts";
import { type ApiAnswer, type ApiCall, created, ok } from "../requests/api-call.ts";
import { assertDryRun, assertFieldValidation, assertResourceVersion } from "../requests/request-options.ts";
import type { TokenRequestHandler } from "../service-accounts/token-request.ts";
import { methodNotAllowed } from "../status/status-error.ts";
import { createObject } from "./create-object.ts";
import { deleteCollection, deleteObject } from "./delete-object.ts";
import { evictPod } from "./evict-pod.ts";
import { listObjects, listOf } from "./list-objects.ts";
import { admissionOf, type ResourceRequest, type ResourceServices } from "./resource-context.ts";
import { viewOf } from "./subresource-view.ts";
import { patchObject, replaceObject } from "./update-object.ts";
import { watchObjects } from "./watch-objects.ts";

export interface StoredServices extends ResourceServices {
  readonly requestToken: TokenRequestHandler;
}

/** Answers a request for a stored kind. @throws 405 for a verb that the kind or subresource does not have */
export async function answerStored(request: ResourceRequest, services: StoredServices): Promise<ApiAnswer> {
  const { call, subresource } = request;
  const { verb, namespace, name } = call.info;
  assertVerb(request);
  assertServed(call);
  // a subresource that is only posted has no table
  negotiate(call, subresource?.verbs.includes("create") ? [] : ["table"]);
  assertDryRun(call);
  assertFieldValidation(call);
  if (subresource?.name === "token") return requestToken(request, services);
  if (subresource?.name === "eviction") return created(await evictPod(request, services));
  switch (verb) {
    case "create":
      return created(present(request, await createObject(request, services), services));
    case "get": {
      assertResourceVersion(call.query, services.store.revision());
      const object = services.store.require(request.kind, namespace, name);
      return ok(present(request, viewOf(subresource, false).read(object), services));
    }
    case "list":
      return ok(presentList(request, services));
    case "watch":
      return watchObjects(request, services, (object, first) => present(request, object, services, first));
    case "update":
      return ok(present(request, await replaceObject(request, services), services));
    case "patch":
      return ok(present(request, await patchObject(request, services), services));
    case "delete":
      return ok(await deleteObject(request, services));
    case "deletecollection": {
      const deleted = await deleteCollection(request, services);
      return ok(listOf(request.kind, deleted, services.store.revision(), 0));
    }
    default:
      throw methodNotAllowed();
  }
}

/** @throws 405 */
function assertVerb({ call, subresource }: ResourceRequest): void {
  const { verb, name, parts } = call.info;
  if (subresource !== undefined && !subresource.verbs.includes(verb)) throw methodNotAllowed();
  if (name === "" && ["update", "patch", "delete"].includes(verb)) throw methodNotAllowed();
  if (subresource === undefined && verb === "create" && parts.length > 1) throw methodNotAllowed();
}

/** The object itself, or the Table of one row that `kubectl get` asks for. */
function present(
  { call, kind }: ResourceRequest,
  object: ApiObject,
  { clock }: ResourceServices,
  withColumns = true,
): JsonObject {
  if (!wantsTable(call)) return object;
  const metadata = { resourceVersion: object.metadata.resourceVersion };
  const rows = object.metadata.name === undefined ? [] : [object];
  return tableOf(kind, rows, {
    metadata,
    withColumns,
    includeObject: includeObjectOf(call),
    now: clock.now(),
  });
}

function presentList(request: ResourceRequest, services: ResourceServices): JsonObject {
  const { call, kind } = request;
  const list = listObjects(request, services);
  if (!wantsTable(call)) return list;
  const metadata = list.metadata as JsonObject;
  const typeMeta = { apiVersion: apiVersionOf(kind), kind: kind.kind };
  const items = (list.items as readonly ApiObject[]).map((item) => ({ ...typeMeta, ...item }));
  const options = {
    metadata,
    withColumns: true,
    includeObject: includeObjectOf(call),
    now: services.clock.now(),
  };
  return tableOf(kind, items, options);
}

function wantsTable(call: ApiCall): boolean {
  return negotiate(call, ["table"]) === "table";
}

async function requestToken(request: ResourceRequest, services: StoredServices): Promise<ApiAnswer> {
  const { call, subresource } = request;
  const { namespace, name } = call.info;
  const { admission, requestToken: mint } = services;
  const sent = decodeObject(call, subresource!);
  const mutated = await admission.mutate(admissionOf(request, "CREATE", { name, object: sent }));
  const minted = await mint(namespace, name, mutated ?? sent, (object) =>
    admission.validate(admissionOf(request, "CREATE", { name, object })),
  );
  return created(minted);
}
