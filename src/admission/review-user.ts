import type { UserInfo } from "../apis/authentication.ts";
import {
  duplicateFault,
  type EnvelopeCursor,
  fieldFault,
  fieldOf,
  nextMember,
  openMembers,
  skipMember,
  stepToName,
  takeNull,
  takeString,
  unknownMember,
} from "./envelope-cursor.ts";
import {
  closeBracket,
  comma,
  openBrace,
  openBracket,
  skipColon,
  skipSpace,
  syntaxFault,
} from "./json-scan.ts";
import { setOwn } from "./json-value.ts";
import { createMemberNames } from "./member-names.ts";

const userNames = createMemberNames("username", "uid", "groups", "extra");

/** Who made the request under review. Without a `username` it is the empty one, as an API server reads it. */
export function takeUserInfo(cursor: EnvelopeCursor, path: string): UserInfo {
  const user: { -readonly [K in keyof UserInfo]: UserInfo[K] } = { username: "" };
  const members = openMembers(cursor, path, userNames);
  for (let name = nextMember(cursor, members); name !== undefined; name = nextMember(cursor, members))
    if (name === unknownMember) skipMember(cursor, 3);
    else if (takeNull(cursor)) continue;
    else if (name === "groups") user.groups = takeStrings(cursor, path, name);
    else if (name === "extra") user.extra = takeExtra(cursor, fieldOf(path, name));
    else user[name as "username" | "uid"] = takeString(cursor, path, name);
  return user;
}

function takeStrings(cursor: EnvelopeCursor, path: string, member: string): readonly string[] {
  const { bytes } = cursor;
  if (bytes[cursor.at] !== openBracket) throw fieldFault(fieldOf(path, member), "is not an array of strings");
  const strings: string[] = [];
  cursor.at = skipSpace(bytes, cursor.at + 1);
  while (bytes[cursor.at] !== closeBracket) {
    if (strings.length > 0) {
      if (bytes[cursor.at] !== comma) throw syntaxFault(cursor.at, "expected , or ]");
      cursor.at = skipSpace(bytes, cursor.at + 1);
    }
    strings.push(takeString(cursor, path, `${member}[${strings.length}]`));
    cursor.at = skipSpace(bytes, cursor.at);
  }
  cursor.at++;
  return strings;
}

/** The names here are data, of whoever authenticated the user: escapes and `__proto__` are as good as any other. */
function takeExtra(cursor: EnvelopeCursor, path: string): Readonly<Record<string, readonly string[]>> {
  const extra: Record<string, readonly string[]> = {};
  const members = { first: true };
  if (cursor.bytes[cursor.at] !== openBrace) throw fieldFault(path, "is not an object");
  cursor.at = skipSpace(cursor.bytes, cursor.at + 1);
  while (stepToName(cursor, members)) {
    const name = takeString(cursor, path, "");
    cursor.at = skipColon(cursor.bytes, cursor.at);
    if (Object.hasOwn(extra, name)) throw duplicateFault(path, name, name);
    setOwn(extra, name, takeNull(cursor) ? [] : takeStrings(cursor, path, name));
  }
  return extra;
}
