import { parse } from "yaml";
import { parseLossless } from "../../admission/json-runtime.ts";
import { type ApiObject, isJsonObject, type Json, type JsonObject } from "../objects/api-object.ts";
import { apiVersionOf } from "../objects/resource-kind.ts";
import type { ApiCall } from "../requests/api-call.ts";
import {
  type ConformedObject,
  conformObject,
  FieldTypeError,
  reportUnknownFields,
} from "../schema/field-validation.ts";
import { badRequest, unsupportedMediaType } from "../status/status-error.ts";
import { decodeProtobuf } from "./protobuf-object.ts";

/** The kind a body must be of. */
export interface ExpectedKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

const accepted = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

/**
 * The object in a request's body. JSON, YAML and protobuf are read; apiVersion and kind may be absent and must
 * otherwise be the ones that the path serves.
 * @throws 400, 415
 */
export function decodeObject(call: ApiCall, expected: ExpectedKind): ApiObject {
  const value = decodeValue(call.body, mediaTypeOf(call), expected) ?? {};
  if (!isJsonObject(value))
    throw unrecognized(expected, "couldn't get version/kind; json parse error: not an object");
  const { apiVersion = apiVersionOf(expected), kind = expected.kind } = value;
  if (typeof apiVersion !== "string" || typeof kind !== "string")
    throw unrecognized(
      expected,
      "couldn't get version/kind; json parse error: apiVersion and kind are strings",
    );
  if (apiVersion !== apiVersionOf(expected))
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${apiVersionOf(expected)})`,
    );
  if (kind !== expected.kind)
    throw badRequest(
      `${kind} in version ${JSON.stringify(expected.version)} cannot be handled as a ${expected.kind}: converting (${expected.version}.${kind}) to (${internalName(expected.group)}.${expected.kind}): unknown conversion`,
    );
  const read = conformed(
    { metadata: {}, ...value, apiVersion, kind } as unknown as ApiObject,
    expected,
    call,
  );
  reportUnknownFields(read.unknownFields, call.query.get("fieldValidation"), expected, call.warn);
  return read.object;
}

/** YAML as far as JSON goes: `.inf`, dates and the like become what JSON makes of them. */
function parseYaml(text: string): Json {
  return parseLossless(JSON.stringify(parse(text, { logLevel: "error" }) ?? null)) as Json;
}

/** @throws 400 where a member is of another type than its kind's */
function conformed(
  object: ApiObject,
  { version, kind }: ExpectedKind,
  { unservedFields }: ApiCall,
): ConformedObject {
  try {
    return conformObject(object, unservedFields);
  } catch (error) {
    if (!(error instanceof FieldTypeError)) throw error;
    throw badRequest(
      `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${error.message}`,
    );
  }
}

/** What Go calls the package of a group's internal types: the first label of its name. */
function internalName(group: string): string {
  return group === "" ? "core" : group.split(".")[0]!;
}

/** A body that may be absent, as DELETE's options. */
export function decodeOptions(call: ApiCall): JsonObject {
  if (call.body.length === 0) return {};
  const kind = { group: "", version: "v1", kind: "DeleteOptions" };
  const value = decodeValue(call.body, mediaTypeOf(call), kind);
  return isJsonObject(value) ? value : {};
}

export function mediaTypeOf({ headers }: ApiCall): string {
  return (headers["content-type"] ?? "application/json").split(";")[0]!.trim().toLowerCase();
}

function decodeValue(body: Buffer, mediaType: string, expected: ExpectedKind): Json {
  if (mediaType === "application/vnd.kubernetes.protobuf") return decodeProtobuf(body);
  if (!accepted.includes(mediaType)) throw unsupportedMediaType(accepted);
  const text = body.toString("utf8");
  if (text === "")
    throw unrecognized(
      expected,
      "couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)",
    );
  try {
    return mediaType === "application/yaml" ? parseYaml(text) : (parseLossless(text) as Json);
  } catch (error) {
    throw unrecognized(expected, `couldn't get version/kind; json parse error: ${(error as Error).message}`);
  }
}

function unrecognized({ kind }: ExpectedKind, detail: string): Error {
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${detail}`);
}
