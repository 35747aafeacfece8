import { isDeepStrictEqual } from "node:util";
import {
  type ApiObject,
  isJsonObject,
  type JsonObject,
  listAt,
  objectAt,
  stringAt,
} from "../objects/api-object.ts";
import { type FieldError, invalid, notSupported, required } from "../status/field-error.ts";

const apiGroup = "rbac.authorization.k8s.io";

/** RBAC's own group for the role and, for subjects that are no ServiceAccounts, for the subject. */
export function defaultBinding(binding: ApiObject): ApiObject {
  const subjects = listAt(binding, "subjects").filter(isJsonObject);
  const completed = subjects.map((subject) =>
    subject.kind === "ServiceAccount" ? subject : { apiGroup, ...subject },
  );
  return {
    ...binding,
    ...(subjects.length === 0 ? {} : { subjects: completed }),
    roleRef: { apiGroup, ...objectAt(binding, "roleRef") },
  };
}

// k8s.io/kubernetes pkg/apis/rbac/validation, 1.37

export function validateRole(role: ApiObject): readonly FieldError[] {
  return listAt(role, "rules")
    .filter(isJsonObject)
    .flatMap((rule, index) => validateRule(rule, `rules[${index}]`, role.kind === "Role"));
}

function validateRule(rule: JsonObject, path: string, namespaced: boolean): readonly FieldError[] {
  const count = (member: string): number => listAt(rule, member).length;
  const missing = (member: string, detail: string): readonly FieldError[] =>
    count(member) > 0 ? [] : [required(`${path}.${member}`, detail)];
  const verbs = missing("verbs", "");
  if (count("nonResourceURLs") > 0) {
    const urls = rule.nonResourceURLs;
    const refused = (detail: string): FieldError => invalid(`${path}.nonResourceURLs`, urls, detail);
    if (namespaced) return [...verbs, refused("namespaced rules cannot apply to non-resource URLs")];
    const mixed = count("apiGroups") > 0 || count("resources") > 0 || count("resourceNames") > 0;
    return mixed
      ? [...verbs, refused("rules cannot apply to both regular resources and non-resource URLs")]
      : verbs;
  }
  return [
    ...verbs,
    ...missing("apiGroups", "resource rules must supply at least one api group"),
    ...missing("resources", "resource rules must supply at least one resource"),
  ];
}

/** `roleRef` never changes: what a subject was granted is settled when it is bound. */
export function validateBinding(binding: ApiObject, old?: ApiObject): readonly FieldError[] {
  const ref = objectAt(binding, "roleRef");
  const kinds = binding.kind === "ClusterRoleBinding" ? ["ClusterRole"] : ["ClusterRole", "Role"];
  const { apiGroup: APIGroup, kind: Kind, name: Name } = ref;
  const changed = old !== undefined && !isDeepStrictEqual(ref, objectAt(old, "roleRef"));
  return [
    ...(ref.apiGroup === apiGroup ? [] : [notSupported("roleRef.apiGroup", ref.apiGroup, [apiGroup])]),
    ...(kinds.includes(String(ref.kind)) ? [] : [notSupported("roleRef.kind", ref.kind, kinds)]),
    ...(stringAt(ref, "name") ? [] : [required("roleRef.name")]),
    ...validateSubjects(binding),
    ...(changed ? [invalid("roleRef", { APIGroup, Kind, Name }, "field is immutable")] : []),
  ];
}

function validateSubjects(binding: ApiObject): readonly FieldError[] {
  const namespaced = binding.kind === "RoleBinding";
  return listAt(binding, "subjects")
    .filter(isJsonObject)
    .flatMap((subject, index) => {
      const path = `subjects[${index}]`;
      const name = stringAt(subject, "name") ? [] : [required(`${path}.name`)];
      if (subject.kind === "User" || subject.kind === "Group") return name;
      if (subject.kind !== "ServiceAccount")
        return [...name, notSupported(`${path}.kind`, subject.kind, ["Group", "ServiceAccount", "User"])];
      const placed = namespaced || (stringAt(subject, "namespace") ?? "") !== "";
      return placed ? name : [...name, required(`${path}.namespace`)];
    });
}
