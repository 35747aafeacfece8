/** The few ASN.1 DER shapes that an X.509 certificate is made of (ITU-T X.690). */
const tag = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  sequence: 0x30,
  set: 0x31,
  time: 0x17,
};

export function element(type: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([type, length]), content]);
  const bytes = Buffer.from(length.toString(16).padStart(length > 0xff ? 4 : 2, "0"), "hex");
  return Buffer.concat([Buffer.from([type, 0x80 | bytes.length]), bytes, content]);
}

export const sequence = (...parts: readonly Buffer[]): Buffer => element(tag.sequence, ...parts);
export const setOf = (...parts: readonly Buffer[]): Buffer => element(tag.set, ...parts);
export const octets = (content: Buffer): Buffer => element(tag.octets, content);
export const utf8 = (text: string): Buffer => element(tag.utf8, Buffer.from(text));
export const boolean = (value: boolean): Buffer => element(0x01, Buffer.from([value ? 0xff : 0]));
export const bits = (content: Buffer): Buffer => element(tag.bits, Buffer.from([0]), content);

/** Positive integers that begin with a byte of 1 to 127: no sign bit, and minimal as DER asks. */
export const integer = (value: Buffer): Buffer => element(tag.integer, value);

/** UTCTime, good from 1950 to 2049 (RFC 5280, 4.1.2.5.1). */
export function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/[-:T]/g, "").slice(2, 14);
  return element(tag.time, Buffer.from(`${digits}Z`));
}

export function oid(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split(".").map(Number) as [number, number, ...number[]];
  return element(tag.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const low = value & 0x7f;
  return value < 0x80 ? [low] : [...base128(Math.floor(value / 128)).map((byte) => byte | 0x80), low];
}
