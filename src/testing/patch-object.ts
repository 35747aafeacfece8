import { applyJSONPatch } from "../admission/json-patch.ts";
import { parseLossless } from "../admission/json-runtime.ts";
import type { JSONObject } from "../admission/json-value.ts";
import type { ApiCall } from "./api-call.ts";
import { type ApiObject, isJsonObject, type Json } from "./api-object.ts";
import { mediaTypeOf } from "./body-decoder.ts";
import { conformObject, reportUnknownFields } from "./field-validation.ts";
import { applyMergePatch } from "./merge-patch.ts";
import type { ResourceRequest } from "./resource-context.ts";
import { badRequest, StatusError, unsupportedMediaType } from "./status-error.ts";
import { applyStrategicMergePatch } from "./strategic-merge-patch.ts";

const jsonPatch = "application/json-patch+json";
const mergePatch = "application/merge-patch+json";
const strategicMergePatch = "application/strategic-merge-patch+json";

/**
 * What a PATCH makes of an object. JSON patch, merge patch and, for the kinds of Kubernetes itself, strategic merge
 * patch; server-side apply (`application/apply-patch+yaml`) needs managed fields, which are not kept here.
 * @throws 415, 400
 */
export function readPatch({ call, kind, subresource }: ResourceRequest): (current: ApiObject) => ApiObject {
  const mediaType = mediaTypeOf(call);
  const custom = kind.group.includes(".") && !kind.group.endsWith(".k8s.io");
  const accepted = custom ? [jsonPatch, mergePatch] : [jsonPatch, mergePatch, strategicMergePatch];
  if (!accepted.includes(mediaType)) throw unsupportedMediaType(accepted);
  const patch = parsePatch(call);
  return (current) => {
    const patched = apply(mediaType, patch, current);
    const { apiVersion, kind: name } = current;
    if (!isJsonObject(patched) || !isJsonObject(patched.metadata))
      throw badRequest(`the patched object is not a ${(subresource ?? kind).kind}`);
    if (patched.apiVersion !== apiVersion || patched.kind !== name)
      throw badRequest("the apiVersion and kind of the object cannot be changed by a patch");
    const read = conformObject(patched as ApiObject);
    reportUnknownFields(
      read.unknownFields,
      call.query.get("fieldValidation"),
      subresource ?? kind,
      call.warn,
    );
    return read.object;
  };
}

function apply(mediaType: string, patch: Json, current: ApiObject): Json {
  if (mediaType === jsonPatch) return applyOperations(patch, current);
  if (!isJsonObject(patch)) throw badRequest("the patch is not an object");
  return mediaType === mergePatch
    ? applyMergePatch(current, patch)
    : applyStrategicMergePatch(current, patch);
}

/** As upstream: an operation that does not fit the object is 422. */
function applyOperations(patch: Json, current: ApiObject): Json {
  if (!Array.isArray(patch)) throw badRequest("error decoding patch: a JSON patch is an array of operations");
  try {
    return applyJSONPatch(current as unknown as JSONObject, patch) as Json;
  } catch (error) {
    throw new StatusError(
      422,
      "Invalid",
      `the server rejected our request due to an error in our request: ${(error as Error).message}`,
    );
  }
}

function parsePatch({ body }: ApiCall): Json {
  try {
    return parseLossless(body.toString("utf8")) as Json;
  } catch (error) {
    throw badRequest(`error decoding patch: ${(error as Error).message}`);
  }
}
