import { type DecodedReview, decodeReview } from "../../src/admission/review.ts";

/** A Deployment as an API server shows it to a webhook. */
export const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: {
    name: "web",
    namespace: "shop",
    uid: "7c0f5c0e-4a3b-4a53-9c3e-0b8f2a9a6d11",
    generation: 1,
    labels: { app: "web" },
    annotations: { "example.org/note": "line one\nline two" },
  },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: {
        containers: [
          { name: "web", image: "registry.example.org/shop/web:1.2.3", ports: [{ containerPort: 8080 }] },
        ],
      },
    },
  },
  status: {},
};

/** The `request` of a review of its creation. */
export const request = {
  uid: "0df28fbd-5f5f-11e8-bc74-36e6bb280816",
  kind: { group: "apps", version: "v1", kind: "Deployment" },
  resource: { group: "apps", version: "v1", resource: "deployments" },
  requestKind: { group: "apps", version: "v1", kind: "Deployment" },
  requestResource: { group: "apps", version: "v1", resource: "deployments" },
  name: "web",
  namespace: "shop",
  operation: "CREATE",
  userInfo: {
    username: "system:serviceaccount:shop:deployer",
    uid: "3b1c",
    groups: ["system:serviceaccounts", "system:authenticated"],
    extra: { "authentication.kubernetes.io/credential-id": ["JTI=1"] },
  },
  object: deployment,
  oldObject: null,
  dryRun: false,
  options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1", fieldManager: "kubectl-create" },
};

/** A whole review, with members of its request exchanged; undefined takes one out. */
export function reviewOf(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: { ...request, ...changes },
  };
}

export function bodyOf(review: unknown): Buffer {
  return Buffer.from(JSON.stringify(review));
}

/** The same, decoded. */
export function decoded(changes: Readonly<Record<string, unknown>> = {}): DecodedReview {
  return decodeReview(bodyOf(reviewOf(changes)));
}
