import type { AdmissionAttributes } from "../../admission/admission-attributes.ts";

/** A group and resource, any version and subresource of it. */
export interface ExcludedResource {
  readonly group: string;
  readonly resource: string;
}

/** kube-apiserver's since 1.37 (KEP-5793): what it would ask while it is asked who somebody is. */
export const kubeAPIServerExclusions: readonly ExcludedResource[] = [
  ...["selfsubjectreviews", "tokenreviews"].map((resource) => ({ group: "authentication.k8s.io", resource })),
  ...[
    "localsubjectaccessreviews",
    "selfsubjectaccessreviews",
    "selfsubjectrulesreviews",
    "subjectaccessreviews",
  ].map((resource) => ({ group: "authorization.k8s.io", resource })),
];

/** Whether no webhook at all is called for this resource. */
export function isExcluded(
  { resource }: AdmissionAttributes,
  exclusions: readonly ExcludedResource[],
): boolean {
  return exclusions.some((one) => one.group === resource.group && one.resource === resource.resource);
}

const admissionKinds = new Set([
  "ValidatingWebhookConfiguration",
  "MutatingWebhookConfiguration",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionPolicyBinding",
]);

/** Whether it is one that only webhooks of manifests see: one registered over the API could lock everybody out for good. */
export function isAdmissionObject({ kind }: AdmissionAttributes): boolean {
  return kind.group === "admissionregistration.k8s.io" && admissionKinds.has(kind.kind);
}
