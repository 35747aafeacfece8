import type { TypeMeta } from "./meta.ts";
import { ProtobufFault, readProtobufFields } from "./protobuf-fields.ts";

/** `k8s` and a zero: k8s.io/apimachinery pkg/runtime/serializer/protobuf. */
const magic = Buffer.from("k8s\0", "latin1");

/** What stands around every object that is sent as protobuf: `runtime.Unknown`. What it does not say is empty. */
export interface ProtobufEnvelope extends TypeMeta {
  /** The object's own message. */
  readonly raw: Buffer;
}

/**
 * Kind and bytes of an object sent as `application/vnd.kubernetes.protobuf`, as kubectl's typed commands send it since 1.32
 * (`auth whoami`, `create token` …).
 * @throws ProtobufFault
 */
export function decodeProtobufEnvelope(body: Buffer): ProtobufEnvelope {
  if (body.length === 0) throw new ProtobufFault("empty data");
  if (!body.subarray(0, magic.length).equals(magic))
    throw new ProtobufFault(
      `provided data does not appear to be a protobuf message, expected prefix [${[...magic].join(" ")}]`,
    );
  if (body.length === magic.length) throw new ProtobufFault("empty body");
  // contentEncoding (3) and contentType (4) say nothing in a request, and upstream reads neither
  const fields = fieldsWithLength(body.subarray(magic.length));
  // a message that stands twice is one message: its parts are joined
  const typeMeta = fieldsWithLength(Buffer.concat(fields.get(1) ?? []));
  const textOf = (number: number): string => typeMeta.get(number)?.at(-1)?.toString("utf8") ?? "";
  return { apiVersion: textOf(1), kind: textOf(2), raw: fields.get(2)?.at(-1) ?? Buffer.alloc(0) };
}

/** A message's fields by number, each as often as it stands; all of those here have a length. */
function fieldsWithLength(bytes: Buffer): ReadonlyMap<number, readonly Buffer[]> {
  const fields = new Map<number, Buffer[]>();
  for (const { number, value } of readProtobufFields(bytes)) {
    if (typeof value === "number") throw new ProtobufFault(`proto: wrong wireType = 0 for field ${number}`);
    const held = fields.get(number);
    if (held === undefined) fields.set(number, [value]);
    else held.push(value);
  }
  return fields;
}
