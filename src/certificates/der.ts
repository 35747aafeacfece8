/** The few DER encodings an X.509 certificate is made of (ITU-T X.690). Each function returns one whole TLV. */

const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

export function encodeTlv(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), lengthOctets(content.length), content]);
}

function lengthOctets(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) octets.unshift(rest & 0xff);
  return Buffer.from([0x80 | octets.length, ...octets]);
}

export function sequence(...parts: readonly Buffer[]): Buffer {
  return encodeTlv(tags.sequence, Buffer.concat(parts));
}

export function set(...parts: readonly Buffer[]): Buffer {
  return encodeTlv(tags.set, Buffer.concat(parts));
}

/** A non-negative integer from big-endian octets: a leading zero where the first bit would make it negative. */
export function integer(octets: Buffer): Buffer {
  const first = octets.findIndex((octet) => octet !== 0);
  const minimal = first === -1 ? Buffer.from([0]) : octets.subarray(first);
  return encodeTlv(tags.integer, minimal[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), minimal]) : minimal);
}

export function boolean(value: boolean): Buffer {
  return encodeTlv(tags.boolean, Buffer.from([value ? 0xff : 0]));
}

export function octetString(content: Buffer): Buffer {
  return encodeTlv(tags.octetString, content);
}

/** `unusedBits` is how many of the last octet's low bits do not count. */
export function bitString(content: Buffer, unusedBits = 0): Buffer {
  return encodeTlv(tags.bitString, Buffer.concat([Buffer.from([unusedBits]), content]));
}

export function utf8String(text: string): Buffer {
  return encodeTlv(tags.utf8String, Buffer.from(text, "utf8"));
}

/** From dotted notation. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return encodeTlv(tags.objectIdentifier, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(arc: number): number[] {
  const octets = [arc & 0x7f];
  for (let rest = arc >>> 7; rest > 0; rest >>>= 7) octets.unshift(0x80 | (rest & 0x7f));
  return octets;
}

/** UTCTime through 2049, GeneralizedTime from 2050 on (RFC 5280 4.1.2.5). `instant` is epoch milliseconds. */
export function time(instant: number): Buffer {
  const digits = new Date(instant).toISOString().replace(/[-:T]|\.\d+/g, "");
  const [tag, text] =
    digits < "2050" ? ([tags.utcTime, digits.slice(2)] as const) : ([tags.generalizedTime, digits] as const);
  return encodeTlv(tag, Buffer.from(text, "ascii"));
}

/** A context-specific element: constructed (EXPLICIT, or a SEQUENCE under another name) or primitive (IMPLICIT). */
export function contextSpecific(number: number, content: Buffer, form: "constructed" | "primitive"): Buffer {
  return encodeTlv((form === "constructed" ? 0xa0 : 0x80) | number, content);
}
