import { type ApiObject, isJsonObject, type Json, type JsonObject, jsonText } from "../objects/api-object.ts";
import { badRequest } from "../status/status-error.ts";
import { kindMessage, type Message, type MessageField, messageOf } from "./object-fields.ts";

/** An object with nothing in it that its kind does not have, and what was left out. */
export interface ConformedObject {
  readonly object: ApiObject;
  /** Paths, as `spec.template.spec.containers[0].imagee`. */
  readonly unknownFields: readonly string[];
}

const noFields: ReadonlySet<string> = new Set();

/** What is known while an object is walked. */
interface Walk {
  readonly unknown: string[];
  /** Fields that count as unknown wherever they stand. */
  readonly unserved: ReadonlySet<string>;
}

/**
 * Reads an object as Go's decoder reads it into the kind's type: members the type does not have are dropped, nulls are
 * absent, and a member of another JSON type is refused. Of a kind that is not Kubernetes'
 * own only the metadata is read so.
 * @throws FieldTypeError naming the field and both types
 */
export function conformObject(object: ApiObject, unserved: ReadonlySet<string> = noFields): ConformedObject {
  const { apiVersion, kind } = object;
  const { apiVersion: _, kind: __, ...members } = object;
  const walk: Walk = { unknown: [], unserved };
  const message = kindMessage(apiVersion, kind) ?? openKind;
  const conformed = conformMembers(members, message, "", "", walk);
  const others = message === openKind ? members : {};
  const unknownFields = walk.unknown.filter((path) => message !== openKind || path.startsWith("metadata."));
  return {
    object: { apiVersion, kind, ...others, metadata: {}, ...conformed } as unknown as ApiObject,
    unknownFields,
  };
}

/** A kind of somebody's own: its metadata is everybody's. */
const openKind: Message = {
  ...messageOf("Namespace"),
  byName: new Map([["metadata", messageOf("Namespace").byName.get("metadata")!]]),
};

/** `path` names list elements, `goPath` does not: Go's error and its strict error differ in that. */
function conformMembers(
  value: JsonObject,
  message: Message,
  path: string,
  goPath: string,
  walk: Walk,
): JsonObject {
  const members: [string, Json | undefined][] = [];
  for (const [name, member] of Object.entries(value)) {
    const field = walk.unserved.has(name) ? undefined : message.byName.get(name);
    const at = path === "" ? name : `${path}.${name}`;
    if (field === undefined) walk.unknown.push(at);
    else if (member !== null && member !== undefined) {
      const place: Place = {
        struct: message.name,
        path: at,
        goPath: goPath === "" ? name : `${goPath}.${name}`,
      };
      members.push([name, conformField(member, field, place, walk)]);
    }
  }
  return Object.fromEntries(members);
}

interface Place {
  readonly struct: string;
  readonly path: string;
  readonly goPath: string;
}

function conformField(value: Json, field: MessageField, place: Place, walk: Walk): Json {
  if (field.repeated) {
    if (!Array.isArray(value)) throw mismatch(value, `[]${goType(field.type)}`, place);
    return value.map((item: Json, index) =>
      conformValue(item, field.type, { ...place, path: `${place.path}[${index}]` }, walk),
    );
  }
  if (!field.map) return conformValue(value, field.type, place, walk);
  if (!isJsonObject(value)) throw mismatch(value, `map[string]${goType(field.type)}`, place);
  const entries = Object.entries(value).map(
    ([key, item]) =>
      [
        key,
        conformValue(item ?? null, field.type, { ...place, path: `${place.path}.${key}` }, walk),
      ] as const,
  );
  return Object.fromEntries(entries);
}

/** JSON's own words for what Go reads from them. */
const scalars: Readonly<Record<string, string>> = {
  string: "string",
  bytes: "string",
  bool: "boolean",
  Time: "string",
  MicroTime: "string",
};

function conformValue(value: Json, type: string, place: Place, walk: Walk): Json {
  if (value === null || type === "any") return value;
  if (type === "int32" || type === "int64") return conformInteger(value, type, place);
  if (type === "IntOrString" || type === "Quantity") {
    if (typeof value === "object")
      throw mismatch(value, type === "Quantity" ? "resource.Quantity" : "intstr.IntOrString", place);
    return value;
  }
  if (type === "StringList") {
    if (!Array.isArray(value)) throw mismatch(value, "[]string", place);
    return value;
  }
  const scalar = Object.hasOwn(scalars, type) ? scalars[type] : undefined;
  if (scalar === undefined) {
    if (!isJsonObject(value)) throw mismatch(value, `v1.${type}`, place);
    return conformMembers(value, messageOf(type), place.path, place.goPath, walk);
  }
  if (typeof value !== scalar) throw mismatch(value, goType(type), place);
  return value;
}

function conformInteger(value: Json, type: "int32" | "int64", place: Place): Json {
  const integer = typeof value === "bigint" || Number.isInteger(value);
  const fits =
    integer &&
    (type === "int64" ||
      BigInt(value as number | bigint) === BigInt.asIntN(32, BigInt(value as number | bigint)));
  if (!fits) throw mismatch(value, type, place);
  return value;
}

function goType(type: string): string {
  if (type === "bytes") return "[]uint8";
  if (type === "StringList") return "[]string";
  return /^[a-z]/.test(type) ? type : `v1.${type}`;
}

/** What Go's decoder says of a member of the wrong type; whoever decodes puts it into an answer of its own. */
export class FieldTypeError extends Error {}

function mismatch(value: Json, wanted: string, { struct, goPath }: Place): Error {
  return new FieldTypeError(
    `json: cannot unmarshal ${describe(value, wanted)} into Go struct field ${struct}.${goPath} of type ${wanted}`,
  );
}

/** Go names the number only where a number was wanted. */
function describe(value: Json, wanted: string): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  if (typeof value !== "number" && typeof value !== "bigint") return typeof value;
  return wanted.startsWith("int") ? `number ${jsonText(value)}` : "number";
}

/**
 * Acts on unknown fields as `fieldValidation` says: `Strict` refuses, `Ignore` is silent, `Warn` and nothing warn.
 * @throws 400
 */
export function reportUnknownFields(
  unknownFields: readonly string[],
  mode: string | null,
  kind: { readonly version: string; readonly kind: string },
  warn: (message: string) => void,
): void {
  const faults = unknownFields.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (faults.length === 0 || mode === "Ignore") return;
  for (const fault of mode === "Strict" ? [] : faults) warn(fault);
  if (mode !== "Strict") return;
  throw badRequest(
    `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: strict decoding error: ${faults.join(", ")}`,
  );
}
