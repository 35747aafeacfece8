import type { Operation } from "../../apis/admissionregistration.ts";
import type { Clock } from "../../clock.ts";
import type { AdmissionAttributes, AdmissionChain } from "../admission/admission-attributes.ts";
import type { ApiObject, JsonObject } from "../objects/api-object.ts";
import { apiVersionOf, type ResourceKind, type SubresourceKind } from "../objects/resource-kind.ts";
import { type ApiCall, isDryRun } from "../requests/api-call.ts";
import type { ObjectStore } from "../storage/object-store.ts";

/** What every handler of stored objects works with. */
export interface ResourceServices {
  readonly store: ObjectStore;
  readonly admission: AdmissionChain;
  readonly clock: Clock;
  /** What follows a creation: a namespace gets its `default` ServiceAccount. */
  readonly onCreated: (kind: ResourceKind, object: ApiObject) => void;
  /** What follows a deletion: a namespace takes its contents along. */
  readonly onDeleted: (kind: ResourceKind, object: ApiObject) => void;
}

/** A request for a kind, or for one of its subresources. */
export interface ResourceRequest {
  readonly call: ApiCall;
  readonly kind: ResourceKind;
  readonly subresource?: SubresourceKind;
}

const optionsKinds = {
  CREATE: "CreateOptions",
  UPDATE: "UpdateOptions",
  DELETE: "DeleteOptions",
  CONNECT: "",
};

/** The part of a request that admission sees and that does not change between its phases. */
export function admissionOf(
  { call, kind, subresource }: ResourceRequest,
  operation: Operation,
  objects: { readonly name: string; readonly object?: ApiObject; readonly oldObject?: ApiObject },
  options: JsonObject = {},
): AdmissionAttributes {
  const { group, version, resource } = kind;
  const reviewed = subresource ?? kind;
  return {
    operation,
    kind: { group: reviewed.group, version: reviewed.version, kind: reviewed.kind },
    resource: { group, version, resource },
    subResource: subresource?.name ?? "",
    namespace: namespaceOf(kind, call, objects.name),
    ...objects,
    options: {
      kind: optionsKinds[operation],
      apiVersion: "meta.k8s.io/v1",
      ...queryOptions(call),
      ...options,
    },
    dryRun: isDryRun(call.query),
    userInfo: call.user,
    warn: call.warn,
  };
}

/** A Namespace's own namespace is itself, as upstream fills it in for admission. */
function namespaceOf(kind: ResourceKind, { info }: ApiCall, name: string): string {
  if (kind.namespaced) return info.namespace;
  return apiVersionOf(kind) === "v1" && kind.resource === "namespaces" ? name : "";
}

function queryOptions({ query }: ApiCall): JsonObject {
  const fieldManager = query.get("fieldManager");
  const fieldValidation = query.get("fieldValidation");
  return {
    ...(fieldManager === null ? {} : { fieldManager }),
    ...(fieldValidation === null ? {} : { fieldValidation }),
    ...(isDryRun(query) ? { dryRun: ["All"] } : {}),
  };
}
