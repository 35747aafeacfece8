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
  const { 1: typeMeta, 2: raw } = messageFields(body.subarray(magic.length));
  const { 1: apiVersion, 2: kind } = messageFields(typeMeta ?? Buffer.alloc(0));
  return {
    apiVersion: apiVersion?.toString("utf8") ?? "",
    kind: kind?.toString("utf8") ?? "",
    raw: raw ?? Buffer.alloc(0),
  };
}

/** A message's fields by number, of which the last counts; all of those here have a length. */
function messageFields(bytes: Buffer): Readonly<Record<number, Buffer | undefined>> {
  const fields = [...readProtobufFields(bytes)];
  return Object.fromEntries(
    fields.map(({ number, value }) => {
      if (typeof value === "number") throw new ProtobufFault(`proto: wrong wireType = 0 for field ${number}`);
      return [number, value];
    }),
  );
}
