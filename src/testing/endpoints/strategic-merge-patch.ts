import { isJsonObject, type Json, type JsonObject, listAt } from "../objects/api-object.ts";
import { badRequest } from "../status/status-error.ts";

/**
 * Which member identifies an element of a list, by the list's name. A list that is not here is replaced as a whole, as
 * upstream does where a field has no patchMergeKey (k8s.io/api types, 1.37; the kinds served here only).
 */
const mergeKeys: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  ephemeralContainers: "name",
  env: "name",
  volumes: "name",
  volumeMounts: "mountPath",
  volumeDevices: "devicePath",
  imagePullSecrets: "name",
  secrets: "name",
  webhooks: "name",
  matchConditions: "name",
  hostAliases: "ip",
  topologySpreadConstraints: "topologyKey",
  conditions: "type",
  ownerReferences: "uid",
};

/** `ports` is keyed by containerPort in a container and by port in a Service. */
const portKeys = ["containerPort", "port"];

const orderPrefix = "$setElementOrder/";
const deletionPrefix = "$deleteFromPrimitiveList/";

/**
 * Kubernetes' strategic merge patch (k8s.io/apimachinery pkg/util/strategicpatch): objects merge, null deletes, lists of
 * objects merge by their key, with the directives `$patch`, `$retainKeys`, `$setElementOrder/` and `$deleteFromPrimitiveList/`.
 * @throws 400
 */
export function applyStrategicMergePatch(target: Json | undefined, patch: JsonObject): JsonObject {
  const directive = patch.$patch;
  if (directive === "replace") return stripped(patch);
  if (directive === "delete") return {};
  if (directive !== undefined && directive !== "merge")
    throw badRequest(`unknown patch type: ${JSON.stringify(directive)}`);
  const merged = new Map(Object.entries(isJsonObject(target) ? target : {}));
  const retained = patch.$retainKeys;
  if (Array.isArray(retained))
    for (const key of merged.keys()) if (!retained.includes(key)) merged.delete(key);
  for (const [key, value] of Object.entries(patch)) applyMember(merged, patch, key, value);
  return Object.fromEntries(merged);
}

function applyMember(
  merged: Map<string, Json | undefined>,
  patch: JsonObject,
  key: string,
  value: Json | undefined,
): void {
  if (key.startsWith(deletionPrefix)) {
    const name = key.slice(deletionPrefix.length);
    const dropped = listAt(patch, key);
    merged.set(
      name,
      elements(merged.get(name)).filter((item) => !dropped.includes(item)),
    );
  } else if (key.startsWith("$")) return;
  else if (value === null) merged.delete(key);
  else if (isJsonObject(value)) merged.set(key, applyStrategicMergePatch(merged.get(key), value));
  else if (Array.isArray(value))
    merged.set(key, mergeList(key, merged.get(key), value, listAt(patch, `${orderPrefix}${key}`)));
  else merged.set(key, value);
}

function mergeList(
  name: string,
  current: Json | undefined,
  patch: readonly Json[],
  order: readonly Json[],
): readonly Json[] {
  const key = mergeKeyOf(name, patch, order);
  if (key === undefined) return name === "finalizers" ? union(elements(current), patch) : patch;
  if (patch.some((item) => isJsonObject(item) && item.$patch === "replace"))
    return patch.filter((item) => !(isJsonObject(item) && item.$patch === "replace"));
  const merged = new Map(elements(current).map((item) => [identityOf(item, key), item] as const));
  for (const item of patch) {
    if (!isJsonObject(item))
      throw badRequest(`unable to find api field in struct for the json field ${JSON.stringify(name)}`);
    const identity = identityOf(item, key);
    if (item.$patch === "delete") merged.delete(identity);
    else merged.set(identity, applyStrategicMergePatch(merged.get(identity), item));
  }
  return ordered(
    merged,
    order.map((item) => identityOf(item, key)),
  );
}

function mergeKeyOf(name: string, patch: readonly Json[], order: readonly Json[]): string | undefined {
  if (name !== "ports") return Object.hasOwn(mergeKeys, name) ? mergeKeys[name] : undefined;
  return portKeys.find((key) =>
    [...patch, ...order].some((item) => isJsonObject(item) && Object.hasOwn(item, key)),
  );
}

function identityOf(item: Json, key: string): string {
  return JSON.stringify((isJsonObject(item) ? item[key] : item) ?? null);
}

/** In the order that the patch sets; what it does not name stays where it was, after what precedes it. */
function ordered(merged: ReadonlyMap<string, Json>, order: readonly string[]): readonly Json[] {
  const unnamed = [...merged.keys()].filter((identity) => !order.includes(identity));
  const named = order.filter((identity) => merged.has(identity));
  return (order.length === 0 ? [...merged.keys()] : [...named, ...unnamed]).map(
    (identity) => merged.get(identity)!,
  );
}

function union(current: readonly Json[], added: readonly Json[]): readonly Json[] {
  return [...new Set([...current, ...added])];
}

function elements(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function stripped(patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(patch).filter(([key]) => !key.startsWith("$")));
}
