import type { AdmissionAttributes } from "../admission/admission-attributes.ts";
import type { JSONValue } from "../admission/json-value.ts";
import type { GroupVersionKind, GroupVersionResource } from "../apis/meta.ts";
import { toCelValue } from "./cel-values.ts";

/** Values with typed fields; a class for each type is how the engine knows one. */
class RequestValue extends Map<string, unknown> {}
class GroupVersionKindValue extends Map<string, unknown> {}
class GroupVersionResourceValue extends Map<string, unknown> {}
class UserInfoValue extends Map<string, unknown> {}

/** The type of the variable `request`. */
export const requestTypeName = "kubernetes.AdmissionRequest";

/** What `request` has: an AdmissionRequest without `uid`, `object` and `oldObject`. Other fields are compile errors. */
export const requestTypes = [
  {
    name: "kubernetes.GroupVersionKind",
    valueClass: GroupVersionKindValue,
    fields: { group: "string", version: "string", kind: "string" },
  },
  {
    name: "kubernetes.GroupVersionResource",
    valueClass: GroupVersionResourceValue,
    fields: { group: "string", version: "string", resource: "string" },
  },
  {
    name: "kubernetes.UserInfo",
    valueClass: UserInfoValue,
    fields: {
      username: "string",
      uid: "string",
      groups: "list<string>",
      extra: "map<string, list<string>>",
    },
  },
  {
    name: requestTypeName,
    valueClass: RequestValue,
    fields: {
      kind: "kubernetes.GroupVersionKind",
      resource: "kubernetes.GroupVersionResource",
      subResource: "string",
      requestKind: "kubernetes.GroupVersionKind",
      requestResource: "kubernetes.GroupVersionResource",
      requestSubResource: "string",
      name: "string",
      namespace: "string",
      operation: "string",
      userInfo: "kubernetes.UserInfo",
      dryRun: "bool",
      options: "dyn",
    },
  },
] as const;

const made = new WeakMap<AdmissionAttributes, unknown>();

/** The value of `request`, made once for each request. */
export function requestVariable(attributes: AdmissionAttributes): unknown {
  let value = made.get(attributes);
  if (value === undefined) {
    value = makeRequest(attributes);
    made.set(attributes, value);
  }
  return value;
}

/** As upstream, where an AdmissionRequest is taken as JSON, an empty optional field is absent. */
function makeRequest(attributes: AdmissionAttributes): RequestValue {
  const { kind, resource, subResource, operation, userInfo, dryRun = false, options = null } = attributes;
  const { requestKind = kind, requestResource = resource, name, namespace } = attributes;
  const value = new RequestValue([
    ["kind", kindValue(kind)],
    ["resource", resourceValue(resource)],
    ["requestKind", kindValue(requestKind)],
    ["requestResource", resourceValue(requestResource)],
    ["operation", operation],
    ["userInfo", userInfoValue(userInfo)],
    ["dryRun", dryRun],
    ["options", toCelValue(options)],
  ]);
  const optional = { subResource, requestSubResource: subResource, name, namespace };
  for (const [field, text] of Object.entries(optional)) if (text) value.set(field, text);
  return value;
}

function kindValue({ group, version, kind }: GroupVersionKind): GroupVersionKindValue {
  return new GroupVersionKindValue(Object.entries({ group, version, kind }));
}

function resourceValue({ group, version, resource }: GroupVersionResource): GroupVersionResourceValue {
  return new GroupVersionResourceValue(Object.entries({ group, version, resource }));
}

function userInfoValue({ username, uid, groups, extra }: AdmissionAttributes["userInfo"]): UserInfoValue {
  const value = new UserInfoValue();
  for (const [field, text] of Object.entries({ username, uid })) if (text) value.set(field, text);
  if (groups !== undefined && groups.length > 0) value.set("groups", [...groups]);
  if (extra !== undefined && Object.keys(extra).length > 0)
    value.set("extra", toCelValue(extra as Readonly<Record<string, JSONValue>>));
  return value;
}
