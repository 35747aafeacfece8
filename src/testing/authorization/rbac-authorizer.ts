import type { UserInfo } from "../../apis/authentication.ts";
import type { RequestAttributes } from "../../authorization/request-attributes.ts";
import {
  type ApiObject,
  isJsonObject,
  type JsonObject,
  listAt,
  objectAt,
  stringAt,
} from "../objects/api-object.ts";
import type { ResourceKind, ResourceRegistry } from "../objects/resource-kind.ts";
import type { ObjectStore } from "../storage/object-store.ts";
import { ruleAllows } from "./rbac-rules.ts";

/** An authorizer's answer; `reason` is empty where there is nothing to say. */
export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
}

export interface Authorizer {
  authorize(user: UserInfo, request: RequestAttributes): Decision;
  /** Every rule the user has in that namespace, those of the cluster included. */
  rulesFor(user: UserInfo, namespace: string): readonly JsonObject[];
}

export interface RbacAuthorizerOptions {
  readonly store: ObjectStore;
  readonly registry: ResourceRegistry;
}

const group = "rbac.authorization.k8s.io";

/** One rule that applies to a user, and through which binding. */
interface Grant {
  readonly rule: JsonObject;
  readonly description: string;
}

/**
 * RBAC over the stored roles and bindings, after the group `system:masters`, which may do everything: the order of
 * kube-apiserver's `--authorization-mode=RBAC`. Aggregated ClusterRoles have no controller here, so their rules are
 * what is written in them.
 */
export function createRbacAuthorizer({ store, registry }: RbacAuthorizerOptions): Authorizer {
  const kindOf = (resource: string): ResourceKind => registry.find(group, "v1", resource)!;
  const kinds = {
    clusterRoleBindings: kindOf("clusterrolebindings"),
    clusterRoles: kindOf("clusterroles"),
    roleBindings: kindOf("rolebindings"),
    roles: kindOf("roles"),
  };

  const roleOf = (binding: ApiObject): { readonly rules: readonly JsonObject[]; readonly error?: string } => {
    const ref = objectAt(binding, "roleRef");
    const name = stringAt(ref, "name") ?? "";
    const cluster = ref.kind === "ClusterRole";
    const role = store.get(
      cluster ? kinds.clusterRoles : kinds.roles,
      binding.metadata.namespace ?? "",
      name,
    );
    if (role !== undefined) return { rules: listAt(role, "rules").filter(isJsonObject) };
    return {
      rules: [],
      error: `${cluster ? "clusterrole" : "role"}.${group} ${JSON.stringify(name)} not found`,
    };
  };

  function* grants(user: UserInfo, namespace: string, errors: string[]): Generator<Grant> {
    const namespaced = namespace === "" ? [] : store.list(kinds.roleBindings, namespace);
    for (const binding of [...store.list(kinds.clusterRoleBindings, ""), ...namespaced]) {
      const subject = subjectOf(binding, user);
      if (subject === undefined) continue;
      const { rules, error } = roleOf(binding);
      if (error !== undefined) errors.push(error);
      const description = describe(binding, subject);
      for (const rule of rules) yield { rule, description };
    }
  }

  return {
    authorize(user, request) {
      if (user.groups?.includes("system:masters")) return { allowed: true, reason: "" };
      const errors: string[] = [];
      for (const { rule, description } of grants(user, request.namespace, errors))
        if (ruleAllows(rule, request)) return { allowed: true, reason: `RBAC: allowed by ${description}` };
      return { allowed: false, reason: errors.length === 0 ? "" : `RBAC: ${aggregate(errors)}` };
    },
    rulesFor: (user, namespace) => [...grants(user, namespace, [])].map(({ rule }) => rule),
  };
}

/** The binding's first subject that is this user. */
function subjectOf(binding: ApiObject, user: UserInfo): JsonObject | undefined {
  const subjects = listAt(binding, "subjects").filter(isJsonObject);
  return subjects.find((subject) => isSubject(subject, user, binding.metadata.namespace ?? ""));
}

function isSubject(subject: JsonObject, user: UserInfo, bindingNamespace: string): boolean {
  const name = stringAt(subject, "name") ?? "";
  if (subject.kind === "User") return user.username === name;
  if (subject.kind === "Group") return user.groups?.includes(name) === true;
  const namespace = stringAt(subject, "namespace") || bindingNamespace;
  return (
    subject.kind === "ServiceAccount" &&
    namespace !== "" &&
    user.username === `system:serviceaccount:${namespace}:${name}`
  );
}

function describe(binding: ApiObject, subject: JsonObject): string {
  const { name, namespace } = binding.metadata;
  const ref = objectAt(binding, "roleRef");
  const bound =
    namespace === undefined ? `ClusterRoleBinding "${name}"` : `RoleBinding "${name}/${namespace}"`;
  const who =
    subject.kind === "ServiceAccount"
      ? `ServiceAccount "${subject.name}/${subject.namespace ?? ""}"`
      : `${subject.kind} "${subject.name}"`;
  return `${bound} of ${ref.kind} "${ref.name}" to ${who}`;
}

function aggregate(errors: readonly string[]): string {
  const distinct = [...new Set(errors)];
  return distinct.length === 1 ? distinct[0]! : `[${distinct.join(", ")}]`;
}
