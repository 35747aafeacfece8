import { formatTime, type Json, type JsonObject, objectAt, stringAt } from "../objects/api-object.ts";
import { kindMessage, type Message, type MessageField, messageOf } from "../schema/object-fields.ts";
import { badRequest, unsupportedMediaType } from "../status/status-error.ts";

/** `k8s` and a zero: k8s.io/apimachinery pkg/runtime/serializer/protobuf. */
const magic = Buffer.from("k8s\0", "latin1");

/**
 * The object in a Kubernetes protobuf envelope, as its JSON would be. kubectl's typed commands (`create token`, `create
 * configmap`, `auth whoami` …) send nothing else. What the tables of object-fields.ts do not hold is refused, never
 * dropped.
 * @throws 400, and 415 for a kind or field that is not known here
 */
export function decodeProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, 4).equals(magic))
    throw badRequest("provided data does not appear to be a protobuf message");
  const envelope = decodeMessage(body.subarray(4), messageOf("Unknown"));
  const typeMeta = objectAt(envelope, "typeMeta");
  const apiVersion = stringAt(typeMeta, "apiVersion") ?? "";
  const kind = stringAt(typeMeta, "kind") ?? "";
  const message = kindMessage(apiVersion, kind);
  if (message === undefined) throw unsupportedMediaType(["application/json", "application/yaml"]);
  const raw = envelope.raw as unknown as Buffer | undefined;
  return { apiVersion, kind, ...decodeMessage(raw ?? Buffer.alloc(0), message) };
}

interface Reader {
  readonly bytes: Buffer;
  offset: number;
}

function decodeMessage(bytes: Buffer, message: Message): JsonObject {
  const reader: Reader = { bytes, offset: 0 };
  const members = new Map<string, Json | Buffer | undefined>();
  while (reader.offset < bytes.length) {
    const tag = readVarint(reader);
    const field = message.byNumber.get(Math.floor(tag / 8));
    if (field === undefined) throw unsupportedField(message.name, tag);
    addMember(members, field, readField(reader, tag % 8, field));
  }
  return Object.fromEntries(members) as JsonObject;
}

/** gogo writes members that are not pointers even where they are empty; JSON's omitempty does not. */
function isAbsent(value: Json | Buffer, { omitZero }: MessageField): boolean {
  return value === "" || (omitZero && (value === 0 || value === false));
}

function addMember(
  members: Map<string, Json | Buffer | undefined>,
  field: MessageField,
  value: Json | Buffer,
): void {
  const { name, repeated, map, inline } = field;
  const held = members.get(name);
  if (inline) for (const [key, member] of Object.entries(value as JsonObject)) members.set(key, member);
  else if (map) members.set(name, { ...(held as JsonObject | undefined), ...(value as JsonObject) });
  else if (repeated) members.set(name, [...((held as readonly Json[] | undefined) ?? []), value as Json]);
  else if (!isAbsent(value, field)) members.set(name, value);
}

function readField(reader: Reader, wireType: number, field: MessageField): Json | Buffer {
  if (wireType === 0) {
    const value = readVarint(reader);
    return field.type === "bool" ? value !== 0 : value;
  }
  if (wireType !== 2)
    throw badRequest(`protobuf field ${field.name}: wire type ${wireType} is not read here`);
  const bytes = readBytes(reader);
  return field.map ? decodeEntry(bytes, field.type) : decodeBytes(bytes, field.type);
}

function decodeBytes(bytes: Buffer, type: string): Json | Buffer {
  if (type === "string") return bytes.toString("utf8");
  if (type === "bytes") return bytes.toString("base64");
  if (type === "raw") return bytes;
  return converted(decodeMessage(bytes, messageOf(type)), type);
}

/** A map's entry is a message of key (1) and value (2). */
function decodeEntry(bytes: Buffer, type: string): JsonObject {
  const reader: Reader = { bytes, offset: 0 };
  let key = "";
  let value = decodeBytes(Buffer.alloc(0), type) as Json;
  while (reader.offset < bytes.length) {
    const tag = readVarint(reader);
    const part = readBytes(reader);
    if (tag === 0x0a) key = part.toString("utf8");
    else if (tag === 0x12) value = decodeBytes(part, type) as Json;
    else throw unsupportedField("a map's entry", tag);
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

function readBytes(reader: Reader): Buffer {
  const length = readVarint(reader);
  const end = reader.offset + length;
  if (end > reader.bytes.length) throw badRequest("unexpected EOF");
  const bytes = reader.bytes.subarray(reader.offset, end);
  reader.offset = end;
  return bytes;
}

/** A varint as a number: what Kubernetes' messages hold is below 2^53, but for negative numbers, which are ten bytes. */
function readVarint(reader: Reader): number {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const octet = reader.bytes[reader.offset];
    if (octet === undefined) throw badRequest("unexpected EOF");
    reader.offset += 1;
    value |= BigInt(octet & 0x7f) << shift;
    if (octet < 0x80) return Number(BigInt.asIntN(64, value));
  }
  throw badRequest("proto: integer overflow");
}

function unsupportedField(message: string, tag: number): Error {
  return badRequest(
    `protobuf field ${Math.floor(tag / 8)} of ${message} is not read by the embedded control plane: send JSON`,
  );
}
