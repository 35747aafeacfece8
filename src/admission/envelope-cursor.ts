import { CountersignError } from "../errors.ts";
import {
  closeBrace,
  comma,
  type JsonScan,
  openBrace,
  quote,
  skipColon,
  skipPlain,
  skipSpace,
  skipString,
  skipValue,
  syntaxFault,
} from "./json-scan.ts";
import { findName, foldCase, type MemberNames } from "./member-names.ts";

/** Where the one pass over a review stands. */
export interface EnvelopeCursor extends JsonScan {
  readonly bytes: Buffer;
  /** Nothing but ASCII in the whole text: strings can then be had the cheap way. */
  readonly ascii: boolean;
  at: number;
}

/** What was seen so far of one object. */
export interface Members {
  /** As a field path; empty for the review itself. */
  readonly path: string;
  readonly names: MemberNames;
  seen: number;
  others: Set<string> | undefined;
  first: boolean;
}

/** What {@link nextMember} calls a member that is not a known one. */
export const unknownMember = "";

/** Steps into an object of the envelope. */
export function openMembers(cursor: EnvelopeCursor, path: string, names: MemberNames): Members {
  if (cursor.bytes[cursor.at] !== openBrace) throw fieldFault(path, "is not an object");
  cursor.at = skipSpace(cursor.bytes, cursor.at + 1);
  return { path, names, seen: 0, others: undefined, first: true };
}

/**
 * Steps to the value of the next member and says which it is: a known name, or {@link unknownMember}; undefined behind
 * the last. Refuses what different readers read differently: a name that stands twice, one that differs from a known
 * name only by case (Go webhooks take the last of the two), one written with an escape.
 */
export function nextMember(cursor: EnvelopeCursor, members: Members): string | undefined {
  const { bytes } = cursor;
  if (!stepToName(cursor, members)) return undefined;
  const from = cursor.at + 1;
  const end = skipPlain(bytes, from);
  if (bytes[end] !== quote) throw escapedName(cursor, members, end);
  const known = findName(members.names, bytes, from, end);
  if (known === undefined) noteUnknown(cursor, members, from, end);
  else if ((members.seen & known.bit) !== 0) throw duplicateFault(members.path, known.name, known.name);
  else members.seen |= known.bit;
  cursor.at = skipColon(bytes, end + 1);
  return known === undefined ? unknownMember : known.name;
}

/** To the opening quote of the next name; false behind the object. */
export function stepToName(cursor: EnvelopeCursor, members: { first: boolean }): boolean {
  const { bytes } = cursor;
  let at = skipSpace(bytes, cursor.at);
  if (bytes[at] === closeBrace) {
    cursor.at = at + 1;
    return false;
  }
  if (members.first) members.first = false;
  else if (bytes[at] === comma) at = skipSpace(bytes, at + 1);
  else throw syntaxFault(at, "expected , or }");
  if (bytes[at] !== quote) throw syntaxFault(at, "expected a member name");
  cursor.at = at;
  return true;
}

function escapedName(cursor: EnvelopeCursor, { path }: Members, at: number): CountersignError {
  // a name that does not end, or holds a control character, is a fault of syntax first
  skipString(cursor.bytes, at);
  return fieldFault(path, "has a member name that is written with an escape");
}

function noteUnknown(cursor: EnvelopeCursor, members: Members, from: number, end: number): void {
  const name = cursor.bytes.toString("utf8", from, end);
  const meant = members.names.byFold.get(foldCase(name));
  if (meant !== undefined) throw duplicateFault(members.path, name, meant);
  members.others ??= new Set();
  if (members.others.has(name)) throw duplicateFault(members.path, name, name);
  members.others.add(name);
}

export function duplicateFault(path: string, name: string, meant: string): CountersignError {
  const what = name === meant ? "stands twice" : `differs from ${meant} only by case`;
  return new CountersignError(
    "ERR_REVIEW_DUPLICATE_MEMBER",
    `${fieldOf(path, shorten(name))} ${what}: readers would disagree on which of the two counts`,
  );
}

/** A fault of one field: `request.kind.group: is not a string`. */
export function fieldFault(path: string, problem: string): CountersignError {
  return new CountersignError("ERR_REVIEW_MALFORMED", `${path === "" ? "the review" : path} ${problem}`);
}

export function fieldOf(path: string, member: string): string {
  return path === "" ? member : `${path}.${member}`;
}

/** A name of the sender's, as long as a message may quote it. */
function shorten(name: string): string {
  return JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name).slice(1, -1);
}

/** Steps over any value of the envelope, `depth` levels below the top. */
export function skipMember(cursor: EnvelopeCursor, depth: number): undefined {
  cursor.at = skipValue(cursor, cursor.at, depth);
}

/** True, and behind it, where a `null` stands: to an API server the same as absent. */
export function takeNull(cursor: EnvelopeCursor): boolean {
  if (cursor.bytes[cursor.at] !== 0x6e) return false;
  skipMember(cursor, 0);
  return true;
}

/** A string value, decoded. */
export function takeString(cursor: EnvelopeCursor, path: string, member: string): string {
  const { bytes, at } = cursor;
  if (bytes[at] !== quote) throw fieldFault(fieldOf(path, member), "is not a string");
  const end = skipPlain(bytes, at + 1);
  if (bytes[end] === quote) {
    cursor.at = end + 1;
    return cursor.ascii ? bytes.toString("latin1", at + 1, end) : bytes.toString("utf8", at + 1, end);
  }
  cursor.at = skipString(bytes, end);
  const text: string = JSON.parse(bytes.toString("utf8", at, cursor.at));
  // Go reads half of a surrogate pair as U+FFFD, we would not: two readers, two strings
  if (!text.isWellFormed()) throw fieldFault(fieldOf(path, member), "holds half of a surrogate pair");
  return text;
}
