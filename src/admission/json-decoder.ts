import { maxDepth } from "./json-scan.ts";
import { type JSONValue, setOwn } from "./json-value.ts";

export interface JSONDecoderOptions {
  /** Integers that a double cannot hold exactly come back as bigints. Default: rounded, as `JSON.parse` does. */
  readonly lossless?: boolean;
}

interface Decoder {
  readonly text: string;
  readonly lossless: boolean;
  at: number;
}

/**
 * Reads JSON text as `JSON.parse` does, member names by the letters that stand there: the last of two equal names
 * counts, `__proto__` is a name like any other. At most a thousand levels.
 * @throws SyntaxError as `JSON.parse` does, naming the place.
 */
export function decodeJSON(text: string, options: JSONDecoderOptions = {}): JSONValue {
  const decoder: Decoder = { text, lossless: options.lossless === true, at: 0 };
  skipSpace(decoder);
  const value = decodeValue(decoder, 0);
  skipSpace(decoder);
  if (decoder.at < text.length) throw unexpected(decoder);
  return value;
}

function decodeValue(decoder: Decoder, depth: number): JSONValue {
  switch (decoder.text.charCodeAt(decoder.at)) {
    case 0x22:
      return decodeString(decoder);
    case 0x7b:
      return decodeObject(decoder, depth + 1);
    case 0x5b:
      return decodeArray(decoder, depth + 1);
    case 0x74:
      return decodeLiteral(decoder, "true", true);
    case 0x66:
      return decodeLiteral(decoder, "false", false);
    case 0x6e:
      return decodeLiteral(decoder, "null", null);
    default:
      return decodeNumber(decoder);
  }
}

function decodeObject(decoder: Decoder, depth: number): JSONValue {
  const object = {};
  enter(decoder, depth);
  if (take(decoder, 0x7d)) return object;
  for (;;) {
    if (decoder.text.charCodeAt(decoder.at) !== 0x22) throw unexpected(decoder);
    const name = decodeString(decoder);
    skipSpace(decoder);
    if (!take(decoder, 0x3a)) throw unexpected(decoder);
    setOwn(object, name, decodeValue(decoder, depth));
    skipSpace(decoder);
    if (take(decoder, 0x7d)) return object;
    if (!take(decoder, 0x2c)) throw unexpected(decoder);
  }
}

function decodeArray(decoder: Decoder, depth: number): JSONValue {
  const items: JSONValue[] = [];
  enter(decoder, depth);
  if (take(decoder, 0x5d)) return items;
  for (;;) {
    items.push(decodeValue(decoder, depth));
    skipSpace(decoder);
    if (take(decoder, 0x5d)) return items;
    if (!take(decoder, 0x2c)) throw unexpected(decoder);
  }
}

function enter(decoder: Decoder, depth: number): void {
  if (depth > maxDepth)
    throw new SyntaxError(`more than ${maxDepth} levels in JSON at position ${decoder.at}`);
  decoder.at++;
  skipSpace(decoder);
}

/** Takes the character if it stands here, and the white space behind it. */
function take(decoder: Decoder, character: number): boolean {
  if (decoder.text.charCodeAt(decoder.at) !== character) return false;
  decoder.at++;
  skipSpace(decoder);
  return true;
}

function decodeString(decoder: Decoder): string {
  const { text } = decoder;
  const from = decoder.at + 1;
  const end = endOfPlain(text, from);
  if (text.charCodeAt(end) === 0x22) {
    decoder.at = end + 1;
    return text.slice(from, end);
  }
  const literal = text.slice(decoder.at, endOfString(decoder, end));
  decoder.at += literal.length;
  // a string by itself is read rightly everywhere: only member names go astray
  return JSON.parse(literal);
}

function endOfPlain(text: string, at: number): number {
  for (; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 0x22 || character === 0x5c || character < 0x20) return at;
  }
  return at;
}

function endOfString(decoder: Decoder, at: number): number {
  const { text } = decoder;
  while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1;
  if (at < text.length) return at + 1;
  decoder.at = text.length;
  throw unexpected(decoder);
}

function decodeLiteral(decoder: Decoder, literal: string, value: JSONValue): JSONValue {
  if (!decoder.text.startsWith(literal, decoder.at)) throw unexpected(decoder);
  decoder.at += literal.length;
  return value;
}

const number = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;

/** The sign and 20 digits of the largest 64-bit integers; longer ones are floats to Go, and slow to make a bigint of. */
const maxIntegerLength = 21;

function decodeNumber(decoder: Decoder): number | bigint {
  number.lastIndex = decoder.at;
  const match = number.exec(decoder.text);
  if (match === null) throw unexpected(decoder);
  const [literal, fraction, exponent] = match;
  decoder.at += literal.length;
  const value = Number(literal);
  if (!decoder.lossless || Number.isSafeInteger(value)) return value;
  const integer = fraction === undefined && exponent === undefined && literal.length <= maxIntegerLength;
  return integer ? BigInt(literal) : value;
}

function skipSpace(decoder: Decoder): void {
  for (;;) {
    const character = decoder.text.charCodeAt(decoder.at);
    if (character !== 0x20 && character !== 0x0a && character !== 0x0d && character !== 0x09) return;
    decoder.at++;
  }
}

function unexpected({ text, at }: Decoder): SyntaxError {
  const what = at < text.length ? `unexpected ${JSON.stringify(text[at])}` : "unexpected end";
  return new SyntaxError(`${what} in JSON at position ${at}`);
}
