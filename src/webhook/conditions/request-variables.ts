import type { JSONObject } from "../../admission/json-value.ts";
import type { AdmissionAttributes } from "../matching/admission-attributes.ts";
import { toCelValue } from "./cel-values.ts";

const groupVersionKind = { group: "string", version: "string", kind: "string" };
const groupVersionResource = { group: "string", version: "string", resource: "string" };

/** What `request` has: an AdmissionRequest without `uid`, `object` and `oldObject`. Other fields are compile errors. */
export const requestSchema = {
  kind: groupVersionKind,
  resource: groupVersionResource,
  subResource: "string",
  requestKind: groupVersionKind,
  requestResource: groupVersionResource,
  requestSubResource: "string",
  name: "string",
  namespace: "string",
  operation: "string",
  userInfo: {
    username: "string",
    uid: "string",
    groups: "list<string>",
    extra: "map<string, list<string>>",
  },
  dryRun: "bool",
  options: "dyn",
};

/** The value of `request`. As upstream, where an AdmissionRequest is taken as JSON, an empty optional field is absent. */
export function requestVariable(attributes: AdmissionAttributes): unknown {
  const { kind, resource, subResource, operation, userInfo, dryRun = false, options = null } = attributes;
  const { username, uid, groups, extra } = userInfo;
  return toCelValue({
    kind: { group: kind.group, version: kind.version, kind: kind.kind },
    resource: { group: resource.group, version: resource.version, resource: resource.resource },
    ...present("subResource", subResource),
    requestKind: { ...(attributes.requestKind ?? kind) },
    requestResource: { ...(attributes.requestResource ?? resource) },
    ...present("requestSubResource", subResource),
    ...present("name", attributes.name),
    ...present("namespace", attributes.namespace),
    operation,
    userInfo: {
      ...present("username", username),
      ...present("uid", uid),
      ...(groups === undefined || groups.length === 0 ? {} : { groups }),
      ...(extra === undefined || Object.keys(extra).length === 0 ? {} : { extra: { ...extra } }),
    },
    dryRun,
    options,
  });
}

function present(name: string, value: string | undefined): JSONObject {
  return value === undefined || value === "" ? {} : { [name]: value };
}
