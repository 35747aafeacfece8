import { applyJSONPatch } from "../../admission/json-patch.ts";
import { parseLossless } from "../../admission/json-runtime.ts";
import type { JSONObject } from "../../admission/json-value.ts";
import { type ApiObject, isJsonObject, type Json, jsonText } from "../objects/api-object.ts";
import { mediaTypeOf } from "../representations/body-decoder.ts";
import type { ApiCall } from "../requests/api-call.ts";
import {
  type ConformedObject,
  conformObject,
  FieldTypeError,
  reportUnknownFields,
} from "../schema/field-validation.ts";
import { invalid, invalidObject } from "../status/field-error.ts";
import { badRequest, patchTypeNotServed, unprocessable } from "../status/status-error.ts";
import { applyMergePatch } from "./merge-patch.ts";
import type { ResourceRequest } from "./resource-context.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

const jsonPatch = "application/json-patch+json";
const mergePatch = "application/merge-patch+json";
const strategicMergePatch = "application/strategic-merge-patch+json";

/**
 * What a PATCH makes of an object. JSON patch, merge patch and, for the kinds of Kubernetes itself, strategic merge
 * patch; server-side apply (`application/apply-patch+yaml`) needs managed fields, which are not kept here.
 * @throws 415, 400, 422
 */
export function readPatch({ call, kind, subresource }: ResourceRequest): (current: ApiObject) => ApiObject {
  const mediaType = mediaTypeOf(call);
  const custom = kind.group.includes(".") && !kind.group.endsWith(".k8s.io");
  const accepted = custom ? [jsonPatch, mergePatch] : [jsonPatch, mergePatch, strategicMergePatch];
  if (!accepted.includes(mediaType)) throw patchTypeNotServed();
  const patch = parsePatch(call);
  return (current) => {
    const patched = apply(mediaType, patch, current);
    const { object, unknownFields } = readPatched(patched, current, call);
    assertPlaced(object, current);
    const validation = call.query.get("fieldValidation");
    reportUnknownFields(unknownFields, validation, subresource ?? kind, call.warn);
    return object;
  };
}

/** @throws 422, as upstream, where what the patch makes is no object of the kind */
function readPatched(
  patched: Json,
  { apiVersion, kind }: ApiObject,
  { unservedFields }: ApiCall,
): ConformedObject {
  const refuse = (reason: string): never => {
    throw invalidObject({ group: "", resource: "" }, "", [invalid("patch", jsonText(patched), reason)]);
  };
  if (!isJsonObject(patched) || patched.apiVersion !== apiVersion || patched.kind !== kind)
    return refuse("unknown conversion");
  try {
    return conformObject({ metadata: {}, ...patched } as unknown as ApiObject, unservedFields);
  } catch (error) {
    if (error instanceof FieldTypeError) return refuse(error.message);
    throw error;
  }
}

/** @throws 400 where the patch would move or rename the object, 422 where it would make it another one */
function assertPlaced({ kind, metadata }: ApiObject, current: ApiObject): void {
  const { name, namespace, uid } = current.metadata;
  if (metadata.name !== name)
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  if (metadata.namespace !== namespace)
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  if (metadata.uid === uid) return;
  const [group = ""] = current.apiVersion.split("/").slice(0, -1);
  throw invalidObject({ group, resource: kind }, name, [
    invalid("metadata.uid", metadata.uid, "field is immutable"),
  ]);
}

function apply(mediaType: string, patch: Json, current: ApiObject): Json {
  if (mediaType === jsonPatch) return applyOperations(patch, current);
  if (!isJsonObject(patch)) throw badRequest("invalid JSON patch");
  return mediaType === mergePatch
    ? applyMergePatch(current, patch)
    : applyStrategicMergePatch(current, patch);
}

/** As upstream: an operation that does not fit the object is 422, without saying which. */
function applyOperations(patch: Json, current: ApiObject): Json {
  if (!Array.isArray(patch)) throw badRequest("invalid JSON patch");
  try {
    return applyJSONPatch(current as unknown as JSONObject, patch) as Json;
  } catch {
    throw unprocessable();
  }
}

function parsePatch({ body }: ApiCall): Json {
  try {
    return parseLossless(body.toString("utf8")) as Json;
  } catch {
    throw badRequest("invalid JSON patch");
  }
}
