import { CountersignError } from "../errors.ts";
import { maxDepth } from "./json-scan.ts";
import { type JSONValue, setOwn } from "./json-value.ts";

/** JSON text of a value, bigints written as the integers they are; members that are undefined are not written. */
export function encodeLossless(value: JSONValue): string {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(encodeLossless).join(",")}]`;
  const members: string[] = [];
  for (const [name, member] of Object.entries(value))
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${encodeLossless(member)}`);
  return `{${members.join(",")}}`;
}

/**
 * A copy that holds nothing but JSON, of whatever a policy left: members that are undefined are dropped, as
 * `JSON.stringify` drops them; what JSON has no word for is refused rather than made `null`.
 * @throws ERR_PATCH_INVALID naming the place.
 */
export function copyJSON(value: unknown, path = "", depth = 0): JSONValue {
  if (typeof value === "string" || typeof value === "boolean" || typeof value === "bigint" || value === null)
    return value;
  if (typeof value === "number") {
    if (Number.isFinite(value)) return value;
    throw notJSON(path, `is ${value}, which JSON has no word for`);
  }
  if (typeof value !== "object")
    throw notJSON(path, `is of type ${typeof value}, which JSON has no word for`);
  if (depth > maxDepth) throw notJSON("", `has more than ${maxDepth} levels, or holds itself`);
  // Array.from, because map would pass over the holes of a sparse array
  if (Array.isArray(value))
    return Array.from(value, (item, index) => copyJSON(item, `${path}/${index}`, depth + 1));
  if ("toJSON" in value && typeof value.toJSON === "function")
    return copyJSON(value.toJSON(), path, depth + 1);
  return copyMembers(value, path, depth);
}

function copyMembers(value: object, path: string, depth: number): JSONValue {
  const copy = {};
  for (const [name, member] of Object.entries(value))
    if (member !== undefined) setOwn(copy, name, copyJSON(member, `${path}/${name}`, depth + 1));
  return copy;
}

function notJSON(path: string, problem: string): CountersignError {
  return new CountersignError("ERR_PATCH_INVALID", `${path === "" ? "the object" : path} ${problem}`);
}
