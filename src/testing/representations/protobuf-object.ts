import type { ProtobufEnvelope } from "../../apis/protobuf-envelope.ts";
import { readProtobufFields } from "../../apis/protobuf-fields.ts";
import { formatTime } from "../../apis/time.ts";
import type { Json, JsonObject } from "../objects/api-object.ts";
import { kindMessage, type Message, type MessageField, messageOf } from "../schema/object-fields.ts";
import { badRequest, unsupportedMediaType } from "../status/status-error.ts";

/**
 * The object in an envelope, as its JSON would be. What the tables of object-fields.ts do not hold is refused, never
 * dropped.
 * @throws ProtobufFault; StatusError 415 for a kind, and 400 for a field, that is not known here
 */
export function decodeProtobufObject({ apiVersion, kind, raw }: ProtobufEnvelope): JsonObject {
  const message = kindMessage(apiVersion, kind);
  if (message === undefined) throw unsupportedMediaType(["application/json", "application/yaml"]);
  return { apiVersion, kind, ...decodeMessage(raw, message) };
}

function decodeMessage(bytes: Buffer, message: Message): JsonObject {
  const members = new Map<string, Json | undefined>();
  for (const { number, value } of readProtobufFields(bytes)) {
    const field = message.byNumber.get(number);
    if (field === undefined) throw unsupportedField(message.name, number);
    addMember(members, field, readField(value, field));
  }
  return Object.fromEntries(members);
}

/** gogo writes members that are not pointers even where they are empty; JSON's omitempty does not. */
function isAbsent(value: Json, { omitZero }: MessageField): boolean {
  return value === "" || (omitZero && (value === 0 || value === false));
}

function addMember(members: Map<string, Json | undefined>, field: MessageField, value: Json): void {
  const { name, repeated, map, inline } = field;
  const held = members.get(name);
  if (inline) for (const [key, member] of Object.entries(value as JsonObject)) members.set(key, member);
  else if (map) members.set(name, { ...(held as JsonObject | undefined), ...(value as JsonObject) });
  else if (repeated) members.set(name, [...((held as readonly Json[] | undefined) ?? []), value]);
  else if (!isAbsent(value, field)) members.set(name, value);
}

function readField(value: number | Buffer, field: MessageField): Json {
  if (typeof value === "number") return field.type === "bool" ? value !== 0 : value;
  return field.map ? decodeEntry(value, field.type) : decodeBytes(value, field.type);
}

function decodeBytes(bytes: Buffer, type: string): Json {
  if (type === "string") return bytes.toString("utf8");
  if (type === "bytes") return bytes.toString("base64");
  return converted(decodeMessage(bytes, messageOf(type)), type);
}

/** A map's entry is a message of key (1) and value (2). */
function decodeEntry(bytes: Buffer, type: string): JsonObject {
  let key = "";
  let value = decodeBytes(Buffer.alloc(0), type);
  for (const { number, value: part } of readProtobufFields(bytes)) {
    if (typeof part === "number") throw unsupportedField("a map's entry", number);
    if (number === 1) key = part.toString("utf8");
    else if (number === 2) value = decodeBytes(part, type);
    else throw unsupportedField("a map's entry", number);
  }
  return { [key]: value };
}

/** The messages whose JSON is not an object. */
function converted(message: JsonObject, type: string): Json {
  if (type === "Time" || type === "MicroTime")
    return message.seconds === undefined ? "" : formatTime(Number(message.seconds) * 1000);
  if (type === "StringList") return message.items ?? [];
  if (type === "IntOrString") return message.type === 1 ? (message.strVal ?? "") : (message.intVal ?? 0);
  if (type === "Quantity") return message.string ?? "0";
  return message;
}

function unsupportedField(message: string, number: number): Error {
  return badRequest(
    `protobuf field ${number} of ${message} is not read by the embedded control plane: send JSON`,
  );
}
