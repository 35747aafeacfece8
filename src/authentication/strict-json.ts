import { CountersignError } from "../errors.ts";

/** A decoded JSON object. Read members with {@link ownMember} only: `__proto__` may be one of them. */
export type JSONObject = Readonly<Record<string, unknown>>;

/** Headers and claims of API servers nest four deep (`kubernetes.io` → `attestations` → a list). */
const maxDepth = 16;

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const openBrace = 0x7b;
const openBracket = 0x5b;
const closeBrace = 0x7d;
const closeBracket = 0x5d;

/**
 * Decodes a JSON object that came from a stranger. Refused, beside what JSON forbids: anything but an object, a member
 * that stands twice at any depth (parsers disagree which one counts), nesting deeper than 16, and a member name written
 * with an escape. API servers never write one, and V8 12.8 to 14.6 may give such a name back as another caller's
 * (nodejs/node#63785), so the text is refused before `JSON.parse` sees it.
 * @throws ERR_TOKEN_MALFORMED, the message starting with `what`.
 */
export function parseStrictObject(text: string, what: string): JSONObject {
  const names = countNames(text, what);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // the parser's own message quotes the text, which may be anything
    throw malformed(what, "is not JSON");
  }
  if (!isObject(value)) throw malformed(what, "is not a JSON object");
  if (countMembers(value) !== names) throw malformed(what, "holds a member twice");
  return value;
}

export function isObject(value: unknown): value is JSONObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The member, or undefined: never what a prototype would answer. */
export function ownMember(object: JSONObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function malformed(what: string, why: string): CountersignError {
  return new CountersignError("ERR_TOKEN_MALFORMED", `${what} ${why}`);
}

/** How many member names the text writes. Exact for valid JSON; for the rest it does not matter. */
function countNames(text: string, what: string): number {
  const escapes = text.includes("\\");
  let names = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === openBrace || code === openBracket) {
      if (++depth > maxDepth) throw malformed(what, `nests deeper than ${maxDepth}`);
    } else if (code === closeBrace || code === closeBracket) depth--;
    else if (code === quote) {
      const end = endOfString(text, at);
      if (isName(text, end)) {
        if (escapes && text.slice(at, end).includes("\\")) throw malformed(what, "escapes a member name");
        names++;
      }
      at = end;
    }
  }
  return names;
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === backslash) backslashes++;
  return backslashes % 2 === 1;
}

function isName(text: string, end: number): boolean {
  let at = end + 1;
  while (isSpace(text.charCodeAt(at))) at++;
  return text.charCodeAt(at) === colon;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function countMembers(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const children = Object.values(value);
  let members = Array.isArray(value) ? 0 : children.length;
  for (const child of children) members += countMembers(child);
  return members;
}
