import {
  type SelfSubjectReviewSwitches,
  servedSelfSubjectReviews,
} from "../../authentication/self-subject-review.ts";
import type { ResourceKind, SubresourceKind } from "./resource-kind.ts";

const updatable = ["get", "patch", "update"];

function statusOf(group: string, version: string, kind: string): SubresourceKind {
  return { name: "status", group, version, kind, verbs: updatable };
}

function core(
  kind: string,
  resource: string,
  shortNames: readonly string[],
  rest: Partial<ResourceKind> = {},
): ResourceKind {
  const singular = kind.toLowerCase();
  const names = shortNames.length === 0 ? {} : { shortNames };
  return { group: "", version: "v1", kind, resource, singular, namespaced: true, ...names, ...rest };
}

function rbac(kind: string, resource: string, namespaced: boolean): ResourceKind {
  const group = "rbac.authorization.k8s.io";
  return { group, version: "v1", kind, resource, singular: kind.toLowerCase(), namespaced };
}

function webhookConfigurations(kind: string, resource: string): ResourceKind {
  const group = "admissionregistration.k8s.io";
  const categories = ["api-extensions"];
  const singular = kind.toLowerCase();
  return {
    group,
    version: "v1",
    kind,
    resource,
    singular,
    namespaced: false,
    categories,
    hasGeneration: true,
  };
}

/** A kind that is asked and answered, and not stored. */
function review(group: string, kind: string, resource: string, namespaced = false): ResourceKind {
  const singular = kind.toLowerCase();
  return { group, version: "v1", kind, resource, singular, namespaced, verbs: ["create"] };
}

/** Who am I, in the versions that are switched on. */
export function selfSubjectReviews(switches: SelfSubjectReviewSwitches | undefined): readonly ResourceKind[] {
  return servedSelfSubjectReviews(switches).map(({ group, version, kind, resource }) => ({
    ...review(group, kind, resource),
    version,
  }));
}

const authentication = "authentication.k8s.io";
const authorization = "authorization.k8s.io";

const deployments: ResourceKind = {
  group: "apps",
  version: "v1",
  kind: "Deployment",
  resource: "deployments",
  singular: "deployment",
  namespaced: true,
  shortNames: ["deploy"],
  categories: ["all"],
  hasGeneration: true,
  subresources: [
    { name: "scale", group: "autoscaling", version: "v1", kind: "Scale", verbs: updatable },
    statusOf("apps", "v1", "Deployment"),
  ],
};

/** What the embedded control plane serves besides {@link selfSubjectReviews}, before a user adds kinds of her own. */
export const builtinKinds: readonly ResourceKind[] = [
  core("ConfigMap", "configmaps", ["cm"]),
  core("Namespace", "namespaces", ["ns"], {
    namespaced: false,
    returnsDeleted: true,
    subresources: [
      { name: "finalize", group: "", version: "v1", kind: "Namespace", verbs: ["update"] },
      statusOf("", "v1", "Namespace"),
    ],
  }),
  core("Node", "nodes", ["no"], { namespaced: false, subresources: [statusOf("", "v1", "Node")] }),
  core("Pod", "pods", ["po"], {
    categories: ["all"],
    hasGeneration: true,
    returnsDeleted: true,
    subresources: [
      { name: "eviction", group: "policy", version: "v1", kind: "Eviction", verbs: ["create"] },
      statusOf("", "v1", "Pod"),
    ],
  }),
  core("Secret", "secrets", []),
  core("ServiceAccount", "serviceaccounts", ["sa"], {
    returnsDeleted: true,
    subresources: [
      { name: "token", group: authentication, version: "v1", kind: "TokenRequest", verbs: ["create"] },
    ],
  }),
  core("Service", "services", ["svc"], { categories: ["all"], returnsDeleted: true }),
  webhookConfigurations("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
  webhookConfigurations("ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
  deployments,
  review(authentication, "TokenReview", "tokenreviews"),
  review(authorization, "LocalSubjectAccessReview", "localsubjectaccessreviews", true),
  review(authorization, "SelfSubjectAccessReview", "selfsubjectaccessreviews"),
  review(authorization, "SelfSubjectRulesReview", "selfsubjectrulesreviews"),
  review(authorization, "SubjectAccessReview", "subjectaccessreviews"),
  rbac("ClusterRoleBinding", "clusterrolebindings", false),
  rbac("ClusterRole", "clusterroles", false),
  rbac("RoleBinding", "rolebindings", true),
  rbac("Role", "roles", true),
];
