import type { EnvelopeCursor } from "./envelope-cursor.ts";
import { duplicateFault, fieldFault, stepToName, takeNull, takeString } from "./envelope-cursor.ts";
import { parseJSON, parseLossless } from "./json-runtime.ts";
import { openBrace, quote, skipColon, skipPlain, skipSpace, skipString, skipValue } from "./json-scan.ts";
import type { JSONValue } from "./json-value.ts";
import { createMemberNames, findName } from "./member-names.ts";

/** One of the review's free-form slots: `object`, `oldObject` or `options`, as it came and not parsed yet. */
export interface RawSlot {
  /** Exactly the slot's bytes: well-formed JSON, an object. A view of the body, not a copy. */
  readonly raw: Buffer;
  /** The object, parsed anew at every call, so that no reader can alter what another one sees. */
  value(): unknown;
  /** The same with integers that a double cannot hold as bigints: for what will be written out again. */
  lossless(): JSONValue;
  /** The object's own apiVersion and kind, read without parsing it; absent where it has none. */
  typeMeta(): SlotTypeMeta;
}

/** What an object says of itself, which need not be what the review says of it. */
export interface SlotTypeMeta {
  readonly apiVersion?: string;
  readonly kind?: string;
}

const typeMetaNames = createMemberNames("apiVersion", "kind");

/** Steps over a slot and keeps it; undefined where it is `null`. The object's own type may stand in it only once. */
export function takeSlot(cursor: EnvelopeCursor, path: string): RawSlot | undefined {
  if (takeNull(cursor)) return undefined;
  const from = cursor.at;
  if (cursor.bytes[from] !== openBrace) throw fieldFault(path, "is neither an object nor null");
  const { escapedName, longNumber } = cursor;
  cursor.escapedName = false;
  cursor.longNumber = false;
  const typeMeta = takeObject(cursor, path);
  const slot = new ReviewSlot(cursor, from, typeMeta);
  cursor.escapedName ||= escapedName;
  cursor.longNumber ||= longNumber;
  return slot;
}

/** A class, against the house's habit: five closures and an accessor for each slot would cost every review 1 µs. */
class ReviewSlot implements RawSlot {
  private readonly cursor: EnvelopeCursor;
  private readonly from: number;
  private readonly end: number;
  private readonly meta: SlotTypeMeta;
  private readonly escapedName: boolean;
  private readonly longNumber: boolean;

  constructor(cursor: EnvelopeCursor, from: number, typeMeta: SlotTypeMeta) {
    this.cursor = cursor;
    this.from = from;
    this.end = cursor.at;
    this.meta = typeMeta;
    this.escapedName = cursor.escapedName;
    this.longNumber = cursor.longNumber;
  }

  get raw(): Buffer {
    return this.cursor.bytes.subarray(this.from, this.end);
  }

  value(): unknown {
    return parseJSON(this.text(), this.escapedName);
  }

  lossless(): JSONValue {
    return this.longNumber ? parseLossless(this.text()) : (this.value() as JSONValue);
  }

  typeMeta(): SlotTypeMeta {
    return this.meta;
  }

  private text(): string {
    const { ascii, bytes } = this.cursor;
    return bytes.toString(ascii ? "latin1" : "utf8", this.from, this.end);
  }
}

function takeObject(cursor: EnvelopeCursor, path: string): SlotTypeMeta {
  const { bytes } = cursor;
  const found: { apiVersion?: string; kind?: string } = {};
  const members = { first: true };
  cursor.at = skipSpace(bytes, cursor.at + 1);
  while (stepToName(cursor, members)) {
    const name = takeTypeMetaName(cursor);
    if (name === undefined) cursor.at = skipValue(cursor, cursor.at, 3);
    else if (found[name] !== undefined) throw duplicateFault(path, name, name);
    else found[name] = takeString(cursor, path, name);
  }
  return found;
}

function takeTypeMetaName(cursor: EnvelopeCursor): "apiVersion" | "kind" | undefined {
  const { bytes } = cursor;
  const from = cursor.at + 1;
  const end = skipPlain(bytes, from);
  if (bytes[end] === quote) {
    cursor.at = skipColon(bytes, end + 1);
    return findName(typeMetaNames, bytes, from, end)?.name as "apiVersion" | "kind" | undefined;
  }
  const behind = skipString(bytes, end);
  cursor.escapedName = true;
  cursor.at = skipColon(bytes, behind);
  // a reader of the object would decode the name before it compares, so must we
  const name: string = JSON.parse(bytes.toString("utf8", from - 1, behind));
  return name === "apiVersion" || name === "kind" ? name : undefined;
}
