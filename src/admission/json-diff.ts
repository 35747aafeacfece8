import { encodeLossless } from "./json-encoder.ts";
import { extendPointer } from "./json-pointer.ts";
import { getOwn, isJSONObject, type JSONObject, type JSONValue } from "./json-value.ts";

/** One operation of an RFC 6902 patch, of the kinds that a difference needs. */
export type JSONPatchOperation =
  | { readonly op: "add" | "replace"; readonly path: string; readonly value: JSONValue }
  | { readonly op: "remove"; readonly path: string };

/**
 * The operations that turn one value into another: member by member and item by item, so that what did not change is
 * not in the patch and two webhooks that change different members do not undo one another.
 */
export function diffJSON(before: JSONValue, after: JSONValue): readonly JSONPatchOperation[] {
  const operations: JSONPatchOperation[] = [];
  diffValues(before, after, "", operations);
  return operations;
}

function diffValues(
  before: JSONValue,
  after: JSONValue,
  path: string,
  operations: JSONPatchOperation[],
): void {
  if (isJSONObject(before) && isJSONObject(after)) diffObjects(before, after, path, operations);
  else if (Array.isArray(before) && Array.isArray(after)) diffArrays(before, after, path, operations);
  else if (!equalJSON(before, after)) operations.push({ op: "replace", path, value: after });
}

function diffObjects(
  before: JSONObject,
  after: JSONObject,
  path: string,
  operations: JSONPatchOperation[],
): void {
  for (const name of Object.keys(before))
    if (!Object.hasOwn(after, name)) operations.push({ op: "remove", path: extendPointer(path, name) });
  for (const [name, value] of Object.entries(after)) {
    const old = getOwn(before, name);
    const pointer = extendPointer(path, name);
    if (old === undefined) operations.push({ op: "add", path: pointer, value });
    else diffValues(old, value, pointer, operations);
  }
}

/** What both begin and end with stays; between, items are paired and the surplus is removed or added. */
function diffArrays(
  before: readonly JSONValue[],
  after: readonly JSONValue[],
  path: string,
  operations: JSONPatchOperation[],
): void {
  const start = commonStart(before, after);
  const tail = commonEnd(before, after, start);
  const [oldEnd, newEnd] = [before.length - tail, after.length - tail];
  const paired = Math.min(oldEnd, newEnd);
  for (let index = start; index < paired; index++)
    diffValues(before[index]!, after[index]!, extendPointer(path, index), operations);
  for (let index = oldEnd - 1; index >= paired; index--)
    operations.push({ op: "remove", path: extendPointer(path, index) });
  for (let index = paired; index < newEnd; index++)
    operations.push({ op: "add", path: extendPointer(path, index), value: after[index]! });
}

function commonStart(before: readonly JSONValue[], after: readonly JSONValue[]): number {
  const most = Math.min(before.length, after.length);
  let count = 0;
  while (count < most && equalJSON(before[count]!, after[count]!)) count++;
  return count;
}

function commonEnd(before: readonly JSONValue[], after: readonly JSONValue[], start: number): number {
  const most = Math.min(before.length, after.length) - start;
  let count = 0;
  while (count < most && equalJSON(before.at(-1 - count)!, after.at(-1 - count)!)) count++;
  return count;
}

/** Equal as JSON: members in any order, a bigint equal to the number it is. */
export function equalJSON(one: JSONValue, other: JSONValue): boolean {
  if (one === other) return true;
  if (isNumeric(one) && isNumeric(other)) return encodeLossless(one) === encodeLossless(other);
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, index) => equalJSON(item, other[index]!));
  if (!isJSONObject(one) || !isJSONObject(other)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => equalMember(one, other, name));
}

function equalMember(one: JSONObject, other: JSONObject, name: string): boolean {
  return Object.hasOwn(other, name) && equalJSON(one[name]!, other[name]!);
}

function isNumeric(value: JSONValue): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}
