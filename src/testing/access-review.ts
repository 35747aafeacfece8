import type { UserInfo } from "../apis/authentication.ts";
import {
  type ApiObject,
  isJsonObject,
  type JsonObject,
  objectAt,
  stringAt,
  stringsAt,
} from "./api-object.ts";
import { forbiddenField, invalid, invalidObject, required } from "./field-error.ts";
import type { Authorizer } from "./rbac-authorizer.ts";
import type { RequestAttributes } from "./request-info.ts";
import { badRequest } from "./status-error.ts";

const group = "authorization.k8s.io";

/** POST subjectaccessreviews: may somebody do that. */
export function reviewSubjectAccess(review: ApiObject, authorizer: Authorizer): JsonObject {
  const spec = objectAt(review, "spec");
  assertComplete(review, spec);
  const user = userOf(spec);
  if (user.username === "" && (user.groups ?? []).length === 0)
    throw invalidObject({ group, resource: review.kind }, "", [
      invalid("spec.user", "", "at least one of user or group must be specified"),
    ]);
  return { ...review, status: decide(spec, user, authorizer) };
}

/** POST localsubjectaccessreviews: the same within the namespace of the path. */
export function reviewLocalAccess(review: ApiObject, namespace: string, authorizer: Authorizer): JsonObject {
  const asked = stringAt(objectAt(objectAt(review, "spec"), "resourceAttributes"), "namespace") ?? "";
  if (asked !== namespace)
    throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
  return reviewSubjectAccess(review, authorizer);
}

/** POST selfsubjectaccessreviews: may I. */
export function reviewSelfAccess(review: ApiObject, user: UserInfo, authorizer: Authorizer): JsonObject {
  const spec = objectAt(review, "spec");
  assertComplete(review, spec);
  return { ...review, status: decide(spec, user, authorizer) };
}

/** POST selfsubjectrulesreviews: what may I, in one namespace. */
export function reviewSelfRules(review: ApiObject, user: UserInfo, authorizer: Authorizer): JsonObject {
  const namespace = stringAt(objectAt(review, "spec"), "namespace") ?? "";
  if (namespace === "") throw badRequest("no namespace on request");
  const rules = authorizer.rulesFor(user, namespace);
  const pick = (rule: JsonObject, names: readonly string[]): JsonObject =>
    Object.fromEntries(names.filter((name) => rule[name] !== undefined).map((name) => [name, rule[name]]));
  return {
    ...review,
    status: {
      resourceRules: rules
        .filter((rule) => rule.resources !== undefined)
        .map((rule) => pick(rule, ["verbs", "apiGroups", "resources", "resourceNames"])),
      nonResourceRules: rules
        .filter((rule) => rule.nonResourceURLs !== undefined)
        .map((rule) => pick(rule, ["verbs", "nonResourceURLs"])),
      incomplete: false,
    },
  };
}

/** POST selfsubjectreviews: who am I. */
export function reviewSelf(review: ApiObject, user: UserInfo, creationTimestamp: string): JsonObject {
  return { ...review, metadata: { creationTimestamp }, status: { userInfo: { ...user } as JsonObject } };
}

function assertComplete(review: ApiObject, spec: JsonObject): void {
  const both = isJsonObject(spec.resourceAttributes) && isJsonObject(spec.nonResourceAttributes);
  const none = !isJsonObject(spec.resourceAttributes) && !isJsonObject(spec.nonResourceAttributes);
  const faults = [
    ...(both
      ? [
          forbiddenField(
            "spec.nonResourceAttributes",
            "cannot be specified in combination with resourceAttributes",
          ),
        ]
      : []),
    ...(none
      ? [
          required(
            "spec.resourceAttributes",
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
          ),
        ]
      : []),
  ];
  if (faults.length > 0) throw invalidObject({ group, resource: review.kind }, "", faults);
}

function userOf(spec: JsonObject): UserInfo {
  const uid = stringAt(spec, "uid");
  return {
    username: stringAt(spec, "user") ?? "",
    ...(uid === undefined ? {} : { uid }),
    groups: stringsAt(spec, "groups"),
  };
}

function decide(spec: JsonObject, user: UserInfo, authorizer: Authorizer): JsonObject {
  const { allowed, reason } = authorizer.authorize(user, attributesOf(spec));
  return { allowed, ...(reason === "" ? {} : { reason }) };
}

function attributesOf(spec: JsonObject): RequestAttributes {
  const isResourceRequest = isJsonObject(spec.resourceAttributes);
  const asked = objectAt(spec, isResourceRequest ? "resourceAttributes" : "nonResourceAttributes");
  const read = (name: string): string => stringAt(asked, name) ?? "";
  return {
    isResourceRequest,
    path: read("path"),
    verb: read("verb"),
    group: read("group"),
    version: read("version"),
    namespace: read("namespace"),
    resource: read("resource"),
    subresource: read("subresource"),
    name: read("name"),
  };
}
