import { admissionReviewAPIGroups, type ServiceAccountReference } from "../apis/authentication.ts";
import type { RequestHeaderConfiguration } from "../authentication/request-header.ts";
import type { ApiObject, JsonObject } from "./objects/api-object.ts";

const group = "rbac.authorization.k8s.io";
const apiVersion = `${group}/v1`;

const urls = (...nonResourceURLs: readonly string[]): JsonObject => ({ nonResourceURLs, verbs: ["get"] });
const creates = (apiGroup: string, ...resources: readonly string[]): JsonObject => ({
  apiGroups: [apiGroup],
  resources,
  verbs: ["create"],
});

interface BootstrapRole {
  readonly rules: readonly JsonObject[];
  readonly groups: readonly string[];
}

const health = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
const keys = ["/.well-known/openid-configuration", "/openid/v1/jwks"];

// k8s.io/kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy, 1.37, read from a running server
const clusterRoles: Readonly<Record<string, BootstrapRole>> = {
  "cluster-admin": {
    rules: [
      { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
      { nonResourceURLs: ["*"], verbs: ["*"] },
    ],
    groups: ["system:masters"],
  },
  "system:auth-delegator": {
    rules: [
      creates("authentication.k8s.io", "tokenreviews"),
      creates("authorization.k8s.io", "subjectaccessreviews"),
    ],
    groups: [],
  },
  "system:basic-user": {
    rules: [
      creates("authorization.k8s.io", "selfsubjectaccessreviews", "selfsubjectrulesreviews"),
      creates("authentication.k8s.io", "selfsubjectreviews"),
    ],
    groups: ["system:authenticated"],
  },
  "system:discovery": {
    rules: [urls("/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", ...health)],
    groups: ["system:authenticated"],
  },
  "system:public-info-viewer": {
    rules: [urls(...health)],
    groups: ["system:authenticated", "system:unauthenticated"],
  },
  "system:service-account-issuer-discovery": {
    rules: [urls(...keys.flatMap((path) => [path, `${path}/`]))],
    groups: ["system:serviceaccounts"],
  },
};

const bootstrapping = {
  annotations: { "rbac.authorization.kubernetes.io/autoupdate": "true" },
  labels: { "kubernetes.io/bootstrapping": "rbac-defaults" },
};

/** By the name in its path, which RBAC compares, and by the one in the rule that the proposal prints. */
const attributesReviews = creates(
  "authentication.k8s.io",
  "selfsubjectattributesreview",
  "selfsubjectattributesreviews",
);

/**
 * The roles and bindings that are there before anybody asks for them, of those upstream has that are needed here; with
 * KEP-3325's review as it was proposed where that is served.
 */
export function bootstrapRoles(servesAttributesReviews: boolean): readonly ApiObject[] {
  return Object.entries(clusterRoles).flatMap(([name, { rules, groups }]) => {
    const metadata = { name, ...bootstrapping };
    const more = servesAttributesReviews && name === "system:basic-user" ? [attributesReviews] : [];
    const role: ApiObject = { apiVersion, kind: "ClusterRole", metadata, rules: [...rules, ...more] };
    if (groups.length === 0) return [role];
    const subjects = groups.map((subject) => ({ apiGroup: group, kind: "Group", name: subject }));
    const roleRef = { apiGroup: group, kind: "ClusterRole", name };
    return [role, { apiVersion, kind: "ClusterRoleBinding", metadata, subjects, roleRef } as ApiObject];
  });
}

/** Lets an aggregated server read how to authenticate users and the front proxy, with the keys that kube-apiserver writes. */
export function extensionAuthentication(
  clientCaPem: string,
  requestHeader: RequestHeaderConfiguration,
): readonly ApiObject[] {
  const namespace = "kube-system";
  const reader = "extension-apiserver-authentication-reader";
  const resourceNames = ["extension-apiserver-authentication"];
  const rule = { apiGroups: [""], resources: ["configmaps"], resourceNames, verbs: ["get", "list", "watch"] };
  return [
    { apiVersion, kind: "Role", metadata: { name: reader, namespace, ...bootstrapping }, rules: [rule] },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: resourceNames[0]!, namespace },
      data: {
        "client-ca-file": clientCaPem,
        "requestheader-allowed-names": JSON.stringify(requestHeader.allowedNames),
        "requestheader-client-ca-file": requestHeader.ca.join(""),
        "requestheader-extra-headers-prefix": JSON.stringify(requestHeader.extraHeaderPrefixes),
        "requestheader-group-headers": JSON.stringify(requestHeader.groupHeaders),
        "requestheader-uid-headers": JSON.stringify(requestHeader.uidHeaders),
        "requestheader-username-headers": JSON.stringify(requestHeader.usernameHeaders),
      },
    },
  ];
}

/** The ServiceAccount that a control plane presents to webhooks, with the grant to attest every group. */
export function webhookCallerGrant({ namespace, name }: ServiceAccountReference): readonly ApiObject[] {
  const role = `${namespace}:${name}:attest`;
  const rule = {
    apiGroups: ["authentication.k8s.io"],
    resources: [admissionReviewAPIGroups],
    resourceNames: ["*"],
    verbs: ["attest"],
  };
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } },
    { apiVersion, kind: "ClusterRole", metadata: { name: role }, rules: [rule] },
    {
      apiVersion,
      kind: "ClusterRoleBinding",
      metadata: { name: role },
      subjects: [{ kind: "ServiceAccount", namespace, name }],
      roleRef: { apiGroup: group, kind: "ClusterRole", name: role },
    },
  ];
}

export const bootstrapNamespaces: readonly string[] = [
  "default",
  "kube-node-lease",
  "kube-public",
  "kube-system",
];
