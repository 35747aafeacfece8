import { CountersignError } from "../errors.ts";
import { equalJSON } from "./json-diff.ts";
import { copyJSON, encodeLossless } from "./json-encoder.ts";
import { parsePointer } from "./json-pointer.ts";
import { getOwn, isJSONObject, type JSONObject, type JSONValue, setOwn } from "./json-value.ts";

/** How much a patch may do. */
export interface JSONPatchOptions {
  /**
   * What `copy` operations may copy together, in bytes of JSON. Default 3 MiB, kube-apiserver's JSONPatchMaxCopyBytes:
   * as much as one request may have.
   */
  readonly maxCopyBytes?: number;
}

type Container = JSONValue[] | { [name: string]: JSONValue };

interface Patching {
  document: JSONValue;
  copiedBytes: number;
  readonly maxCopyBytes: number;
}

interface Place {
  readonly container: Container;
  readonly key: string;
  /** Levels above the value, so that no patch can nest a document deeper than is safe to walk. */
  readonly depth: number;
}

/**
 * The document that a patch makes of another, which stays as it is: all operations apply or none. Behaves as
 * evanphx/json-patch v4 does, which API servers use, and so is in places more lenient than RFC 6902: `replace` of a
 * missing member adds it, `test` for null passes on a missing member, `copy` of a missing member gives null, an
 * operation without `value` has null for one; indices may be negative, from the end, and have leading zeros or a sign;
 * only `replace` and `test` know the path "". `null` and `[]` change nothing.
 * @throws ERR_PATCH_INVALID naming the operation.
 */
export function applyJSONPatch(
  document: JSONValue,
  patch: JSONValue,
  { maxCopyBytes = 3 * 1024 * 1024 }: JSONPatchOptions = {},
): JSONValue {
  if (patch === null) return document;
  if (!Array.isArray(patch)) throw new CountersignError("ERR_PATCH_INVALID", "the patch is not an array");
  if (patch.length === 0) return document;
  const patching: Patching = { document: copyJSON(document), copiedBytes: 0, maxCopyBytes };
  for (const [index, operation] of patch.entries()) applyOperation(patching, operation, index);
  return patching.document;
}

function applyOperation(patching: Patching, operation: JSONValue, index: number): void {
  const members: JSONObject = isJSONObject(operation) ? operation : {};
  const name = getOwn(members, "op");
  const apply = typeof name === "string" ? operations.get(name) : undefined;
  const problem = apply === undefined ? "there is no such operation" : apply(patching, members);
  if (problem === undefined) return;
  const shown = [name, getOwn(members, "path")].map((text) =>
    typeof text === "string" ? JSON.stringify(text) : "?",
  );
  const what = shown.join(", ");
  throw new CountersignError("ERR_PATCH_INVALID", `operation ${index} (${what}): ${problem}`);
}

/** What an operation does; a string says why it cannot be done. */
type Operation = (patching: Patching, members: JSONObject) => string | undefined;

const operations: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ["add", (patching, members) => addAt(find(patching, members, "path"), operand(members))],
  ["remove", (patching, members) => removeAt(find(patching, members, "path"))],
  ["replace", replace],
  ["move", move],
  ["copy", copy],
  ["test", test],
]);

function replace(patching: Patching, members: JSONObject): string | undefined {
  const value = operand(members);
  if (getOwn(members, "path") === "") {
    if (typeof value !== "object" || value === null) return "the whole can only become an object or an array";
    patching.document = copyJSON(value);
    return undefined;
  }
  const place = find(patching, members, "path");
  if (typeof place === "string") return place;
  const { container, key } = place;
  const copied = copyJSON(value, "", place.depth);
  if (!Array.isArray(container)) setOwn(container, key, copied);
  else {
    const index = itemIndex(container, key);
    if (index === undefined) return noItem;
    container[index] = copied;
  }
  return undefined;
}

function move(patching: Patching, members: JSONObject): string | undefined {
  const from = find(patching, members, "from");
  if (typeof from === "string") return from;
  const value = getAt(from.container, from.key);
  const problem = removeAt(from);
  // looked up only now: the target may stand behind what was removed
  return problem ?? addAt(find(patching, members, "path"), value ?? null);
}

function copy(patching: Patching, members: JSONObject): string | undefined {
  const from = find(patching, members, "from");
  if (typeof from === "string") return from;
  const value = getAt(from.container, from.key);
  if (value === undefined && Array.isArray(from.container)) return noItem;
  if (value !== undefined) patching.copiedBytes += Buffer.byteLength(encodeLossless(value));
  if (patching.copiedBytes > patching.maxCopyBytes)
    return `the patch copies more than ${patching.maxCopyBytes} bytes`;
  return addAt(find(patching, members, "path"), value ?? null);
}

function test(patching: Patching, members: JSONObject): string | undefined {
  const expected = getOwn(members, "value") ?? null;
  if (getOwn(members, "path") === "") return equalJSON(patching.document, expected) ? undefined : testFailed;
  const place = find(patching, members, "path");
  if (typeof place === "string") return place;
  const value = getAt(place.container, place.key);
  if (value === undefined && Array.isArray(place.container)) return noItem;
  return equalJSON(value ?? null, expected) ? undefined : testFailed;
}

const testFailed = "the value is another one";
const noItem = "the array has no such item";

function operand(members: JSONObject): JSONValue {
  return getOwn(members, "value") ?? null;
}

/** Where a pointer leads to; a string says why nowhere. */
function find(patching: Patching, members: JSONObject, member: "path" | "from"): Place | string {
  const pointer = getOwn(members, member);
  if (typeof pointer !== "string") return `${member} is not a string`;
  const tokens = parsePointer(pointer);
  if (tokens === undefined) return `${member} does not begin with /`;
  const key = tokens.at(-1);
  if (key === undefined) return `${member} may not be the whole document`;
  let container = asContainer(patching.document);
  for (const token of tokens.slice(0, -1)) {
    if (container === undefined) break;
    container = asContainer(getAt(container, token));
  }
  if (container === undefined) return `${member} leads through something that does not exist`;
  return { container, key, depth: tokens.length };
}

function asContainer(value: JSONValue | undefined): Container | undefined {
  return typeof value === "object" && value !== null ? (value as Container) : undefined;
}

function getAt(container: Container, key: string): JSONValue | undefined {
  if (!Array.isArray(container)) return getOwn(container, key);
  const index = itemIndex(container, key);
  return index === undefined ? undefined : container[index];
}

function addAt(place: Place | string, value: JSONValue): string | undefined {
  if (typeof place === "string") return place;
  const { container, key } = place;
  const copied = copyJSON(value, "", place.depth);
  if (!Array.isArray(container)) setOwn(container, key, copied);
  else {
    const index = key === "-" ? container.length : arrayIndex(key, container.length + 1);
    if (index === undefined) return "the array has no such place";
    container.splice(index, 0, copied);
  }
  return undefined;
}

function removeAt(place: Place | string): string | undefined {
  if (typeof place === "string") return place;
  const { container, key } = place;
  if (!Array.isArray(container)) {
    if (!Object.hasOwn(container, key)) return "there is no such member";
    delete container[key];
    return undefined;
  }
  const index = itemIndex(container, key);
  if (index === undefined) return noItem;
  container.splice(index, 1);
  return undefined;
}

function itemIndex(container: readonly JSONValue[], key: string): number | undefined {
  return arrayIndex(key, container.length);
}

/** As Go's strconv.Atoi reads it, negative ones from the end; undefined outside of the `length` places there are. */
function arrayIndex(key: string, length: number): number | undefined {
  if (!/^[+-]?[0-9]+$/.test(key)) return undefined;
  const index = Number(key);
  const fromStart = index < 0 ? index + length : index;
  return fromStart >= 0 && fromStart < length ? fromStart : undefined;
}
