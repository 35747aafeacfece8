import { parse } from "yaml";
import { parseLossless } from "../../admission/json-runtime.ts";
import {
  otherVersion,
  unconvertibleKind,
  unhandledKind,
  unrecognizedBody,
  unregisteredKind,
} from "../../apis/body-faults.ts";
import type { TypeMeta } from "../../apis/meta.ts";
import { decodeProtobufEnvelope } from "../../apis/protobuf-envelope.ts";
import { ProtobufFault } from "../../apis/protobuf-fields.ts";
import { type ApiObject, isJsonObject, type Json, type JsonObject } from "../objects/api-object.ts";
import { apiVersionOf } from "../objects/resource-kind.ts";
import type { ApiCall } from "../requests/api-call.ts";
import {
  type ConformedObject,
  conformObject,
  FieldTypeError,
  reportUnknownFields,
} from "../schema/field-validation.ts";
import { kindMessage } from "../schema/object-fields.ts";
import { badRequest, unsupportedMediaType } from "../status/status-error.ts";
import { decodeProtobufObject } from "./protobuf-object.ts";

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
    throw unrecognized(call.body, expected, "couldn't get version/kind; json parse error: not an object");
  const { apiVersion, kind } = ownKind(value, call.body, expected);
  const read = conformed(
    { metadata: {}, ...value, apiVersion, kind } as unknown as ApiObject,
    expected,
    call,
  );
  reportUnknownFields(read.unknownFields, call.query.get("fieldValidation"), expected, call.warn);
  return read.object;
}

/** What an object says it is; where it says nothing, what is expected. @throws 400 where it is anything else */
function ownKind(value: JsonObject, body: Buffer, expected: ExpectedKind): TypeMeta {
  const apiVersion = value.apiVersion || apiVersionOf(expected);
  const kind = value.kind || expected.kind;
  if (typeof apiVersion !== "string" || typeof kind !== "string")
    throw unrecognized(
      body,
      expected,
      "couldn't get version/kind; json parse error: apiVersion and kind are strings",
    );
  if (kind === expected.kind && apiVersion === apiVersionOf(expected)) return { apiVersion, kind };
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  const given = { group: group!, version: version!, kind };
  if (kind === expected.kind && group === expected.group)
    throw badRequest(otherVersion(apiVersion, apiVersionOf(expected)));
  const isKnown = kindMessage(apiVersion, kind) !== undefined;
  throw badRequest((isKnown ? unconvertibleKind : unregisteredKind)(given, expected));
}

/** YAML as far as JSON goes: `.inf`, dates and the like become what JSON makes of them. */
function parseYaml(text: string): Json {
  return parseLossless(JSON.stringify(parse(text, { logLevel: "error" }) ?? null)) as Json;
}

/** @throws 400 where a member is of another type than its kind's */
function conformed(object: ApiObject, expected: ExpectedKind, { unservedFields }: ApiCall): ConformedObject {
  try {
    return conformObject(object, unservedFields);
  } catch (error) {
    if (!(error instanceof FieldTypeError)) throw error;
    throw badRequest(unhandledKind(expected, expected, error.message));
  }
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
  if (mediaType === "application/vnd.kubernetes.protobuf") return decodeEnveloped(body, expected);
  if (!accepted.includes(mediaType)) throw unsupportedMediaType(accepted);
  const text = body.toString("utf8");
  const fault = (detail: string): Error =>
    unrecognized(body, expected, `couldn't get version/kind; json parse error: ${detail}`);
  if (text === "") throw fault("unexpected end of JSON input");
  try {
    return mediaType === "application/yaml" ? parseYaml(text) : (parseLossless(text) as Json);
  } catch (error) {
    throw fault((error as Error).message);
  }
}

/** Its kind is looked at before its message: what is of another kind need not be known here. */
function decodeEnveloped(body: Buffer, expected: ExpectedKind): JsonObject {
  try {
    const { raw, ...typeMeta } = decodeProtobufEnvelope(body);
    return decodeProtobufObject({ ...ownKind({ ...typeMeta }, body, expected), raw });
  } catch (error) {
    if (!(error instanceof ProtobufFault)) throw error;
    throw unrecognized(body, expected, error.message);
  }
}

function unrecognized(body: Buffer, { kind }: ExpectedKind, fault: string): Error {
  return badRequest(unrecognizedBody(kind, fault, body));
}
