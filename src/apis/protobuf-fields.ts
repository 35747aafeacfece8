/** What is wrong with a protobuf message, in the words of Go's decoders; whoever reads puts it into an answer of its own. */
export class ProtobufFault extends Error {}

/** One field as it stands in a message: its number, and a varint or the bytes of everything that has a length. */
export interface ProtobufField {
  readonly number: number;
  readonly value: number | Buffer;
}

interface Reader {
  readonly bytes: Buffer;
  offset: number;
}

/**
 * The fields of a message, one after the other. Of the four wire types there are, Kubernetes' messages have two: varints
 * and what has a length.
 * @throws ProtobufFault for a message that is cut or has another wire type
 */
export function* readProtobufFields(bytes: Buffer): Generator<ProtobufField> {
  const reader: Reader = { bytes, offset: 0 };
  while (reader.offset < bytes.length) {
    const tag = readVarint(reader);
    const [number, wireType] = [Math.floor(tag / 8), tag % 8];
    if (wireType === 0) yield { number, value: readVarint(reader) };
    else if (wireType === 2) yield { number, value: readBytes(reader) };
    else throw new ProtobufFault(`protobuf field ${number}: wire type ${wireType} is not read here`);
  }
}

function readBytes(reader: Reader): Buffer {
  const length = readVarint(reader);
  const end = reader.offset + length;
  if (length < 0 || end > reader.bytes.length) throw new ProtobufFault("unexpected EOF");
  const bytes = reader.bytes.subarray(reader.offset, end);
  reader.offset = end;
  return bytes;
}

/** A varint as a number: what Kubernetes' messages hold is below 2^53, but for negative numbers, which are ten bytes. */
function readVarint(reader: Reader): number {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const octet = reader.bytes[reader.offset];
    if (octet === undefined) throw new ProtobufFault("unexpected EOF");
    reader.offset += 1;
    value |= BigInt(octet & 0x7f) << shift;
    if (octet < 0x80) return Number(BigInt.asIntN(64, value));
  }
  throw new ProtobufFault("proto: integer overflow");
}
