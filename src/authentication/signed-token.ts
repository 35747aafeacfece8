import { isUtf8 } from "node:buffer";
import { CountersignError } from "../errors.ts";
import { type JSONObject, ownMember, parseStrictObject } from "./strict-json.ts";
import { decodeClaims, type TokenClaims } from "./token-claims.ts";

/** A token taken apart, and nothing of it proven. */
export interface SignedToken {
  /** As the header names it: any text. */
  readonly alg: string;
  readonly kid: string;
  readonly claims: TokenClaims;
  /** What the signature is over (RFC 7515 section 5.2): ASCII. */
  readonly signingInput: string;
  readonly signature: Buffer;
}

/** A webhook-bound token has 1.1 KB; 16 KiB is all that Node takes of headers (`--max-http-header-size`). */
const maxLength = 16 * 1024;

/** RFC 7519 section 5.1. Another type is a token made for another use (RFC 8725 section 3.11). */
const acceptedTypes = ["jwt", "application/jwt"];

/**
 * Takes apart a compact JWS (RFC 7515 section 7.1) whose payload is a ServiceAccount's claims. Strict: at most 16 KiB;
 * three parts of canonical base64url without padding; header and payload UTF-8 JSON objects without a doubled or escaped
 * member; `kid` present; `typ` absent or `JWT`; no `crit`, because no extension is understood. `jku`, `jwk`, `x5u` and
 * `x5c` are not looked at: a token does not choose the key it is verified with.
 * @throws ERR_TOKEN_MALFORMED, naming the part.
 */
export function decodeSignedToken(token: string): SignedToken {
  if (token.length > maxLength) throw malformed(`token is longer than ${maxLength} characters`);
  const parts = token.split(".");
  const [header, payload, signature] = parts;
  if (header === undefined || payload === undefined || signature === undefined || parts.length !== 3)
    throw malformed(`token has ${parts.length} parts, a compact JWS has 3`);
  return {
    ...headerOf(header),
    claims: decodeClaims(decodePart(payload, "token payload")),
    signingInput: token.slice(0, header.length + 1 + payload.length),
    signature: decodeBase64url(signature, "token signature"),
  };
}

type Header = Pick<SignedToken, "alg" | "kid">;

/** All tokens of one key have one header, to the byte: the last good one is not decoded again, 2 µs of the 10 beside the signature. */
let lastHeader: { readonly text: string; readonly header: Header } | undefined;

function headerOf(text: string): Header {
  if (lastHeader?.text !== text)
    lastHeader = { text, header: decodeHeader(decodePart(text, "token header")) };
  return lastHeader.header;
}

function decodeHeader(header: JSONObject): Header {
  const typ = ownMember(header, "typ");
  if (typ !== undefined && !(typeof typ === "string" && acceptedTypes.includes(typ.toLowerCase())))
    throw malformed("token header typ: expected JWT or nothing");
  if (Object.hasOwn(header, "crit")) throw malformed("token header crit: no extension is understood");
  return { alg: headerText(header, "alg"), kid: headerText(header, "kid") };
}

function headerText(header: JSONObject, name: string): string {
  const value = ownMember(header, name);
  if (typeof value !== "string" || value === "")
    throw malformed(`token header ${name}: expected a non-empty string`);
  return value;
}

function decodePart(part: string, what: string): JSONObject {
  const bytes = decodeBase64url(part, what);
  if (!isUtf8(bytes)) throw malformed(`${what} is not UTF-8`);
  return parseStrictObject(bytes.toString("utf8"), what);
}

/** Node skips what it does not know, so only what encodes back to the same text was base64url to the letter. */
function decodeBase64url(part: string, what: string): Buffer {
  const bytes = Buffer.from(part, "base64url");
  if (bytes.toString("base64url") !== part) throw malformed(`${what} is not base64url`);
  return bytes;
}

function malformed(message: string): CountersignError {
  return new CountersignError("ERR_TOKEN_MALFORMED", message);
}
