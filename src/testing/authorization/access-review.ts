import type { UserInfo } from "../../apis/authentication.ts";
import type { RequestAttributes } from "../../authorization/request-attributes.ts";
import {
  type ApiObject,
  isJsonObject,
  type Json,
  type JsonObject,
  objectAt,
  stringAt,
  stringsAt,
} from "../objects/api-object.ts";
import { type FieldError, invalid, invalidObject } from "../status/field-error.ts";
import { badRequest } from "../status/status-error.ts";
import type { Authorizer } from "./rbac-authorizer.ts";

const group = "authorization.k8s.io";

/** POST subjectaccessreviews: may somebody do that. */
export function reviewSubjectAccess(review: ApiObject, authorizer: Authorizer): JsonObject {
  const spec = objectAt(review, "spec");
  const user = userOf(spec);
  const nobody = user.username === "" && (user.groups ?? []).length === 0;
  const missing = invalid("spec.user", "", "at least one of user or group must be specified");
  assertComplete(spec, nobody ? [missing] : []);
  return { ...review, status: decide(spec, user, authorizer) };
}

/** POST localsubjectaccessreviews: the same within the namespace of the path. */
export function reviewLocalAccess(review: ApiObject, namespace: string, authorizer: Authorizer): JsonObject {
  const asked = stringAt(objectAt(objectAt(review, "spec"), "resourceAttributes"), "namespace") ?? "";
  const faults = [invalid("spec.resourceAttributes.namespace", asked, "must match metadata.namespace")];
  if (asked !== namespace) throw invalidObject({ group, resource: "" }, "", faults);
  return { ...reviewSubjectAccess(review, authorizer), metadata: { ...review.metadata, namespace } };
}

/** POST selfsubjectaccessreviews: may I. */
export function reviewSelfAccess(review: ApiObject, user: UserInfo, authorizer: Authorizer): JsonObject {
  const spec = objectAt(review, "spec");
  assertComplete(spec);
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

/** The kind is not named in upstream's refusal either. */
function assertComplete(spec: JsonObject, more: readonly FieldError[] = []): void {
  const { resourceAttributes, nonResourceAttributes } = spec;
  const one = isJsonObject(resourceAttributes) !== isJsonObject(nonResourceAttributes);
  const detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
  const faults = [...(one ? [] : [invalid("spec", goAttributes(nonResourceAttributes), detail)]), ...more];
  if (faults.length > 0) throw invalidObject({ group, resource: "" }, "", faults);
}

/** As Go prints the struct. */
function goAttributes(given: Json | undefined): Json {
  if (!isJsonObject(given)) return null;
  return { Path: stringAt(given, "path") ?? "", Verb: stringAt(given, "verb") ?? "" };
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
