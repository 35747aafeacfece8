import type { ServiceAccountReference } from "../apis/authentication.ts";
import type { TypeMeta } from "../apis/meta.ts";

/** An RBAC object, ready for `kubectl apply -f -`. */
export interface RBACObject extends TypeMeta {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly PolicyRule[];
  readonly roleRef?: RoleReference;
  readonly subjects?: readonly RBACSubject[];
}

export interface PolicyRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

/** Whom something is granted. */
export interface RBACSubject {
  readonly kind: "ServiceAccount" | "User" | "Group";
  readonly apiGroup?: string;
  readonly namespace?: string;
  readonly name: string;
}

interface RoleReference {
  readonly apiGroup: string;
  readonly kind: string;
  readonly name: string;
}

const rbacGroup = "rbac.authorization.k8s.io";
const apiVersion = `${rbacGroup}/v1`;

export function serviceAccountSubject({ namespace, name }: ServiceAccountReference): RBACSubject {
  return { kind: "ServiceAccount", namespace, name };
}

/** A user or a group, as authenticators name them. */
export function namedSubject(kind: "User" | "Group", name: string): RBACSubject {
  return { kind, apiGroup: rbacGroup, name };
}

/** A ClusterRole of these rules, and its binding to one subject, of the same name. */
export function clusterGrant(name: string, to: RBACSubject, rules: readonly PolicyRule[]): RBACObject[] {
  return [
    { apiVersion, kind: "ClusterRole", metadata: { name }, rules },
    {
      apiVersion,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup: rbacGroup, kind: "ClusterRole", name },
      subjects: [to],
    },
  ];
}

/** A Role of these rules, and its binding to one subject, of the same name. */
export function namespaceGrant(
  name: string,
  namespace: string,
  to: RBACSubject,
  rules: readonly PolicyRule[],
): RBACObject[] {
  return [
    { apiVersion, kind: "Role", metadata: { name, namespace }, rules },
    roleBinding(name, namespace, to, name),
  ];
}

/** Binds one subject to a Role of that namespace. */
export function roleBinding(name: string, namespace: string, to: RBACSubject, role: string): RBACObject {
  return {
    apiVersion,
    kind: "RoleBinding",
    metadata: { name, namespace },
    roleRef: { apiGroup: rbacGroup, kind: "Role", name: role },
    subjects: [to],
  };
}
