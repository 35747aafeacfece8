import type { WebhookConfiguration, WebhookConfigurationKind } from "../../apis/admissionregistration.ts";
import type { WebhookTarget } from "../client/authentication-info-resolver.ts";
import type { AdmissionAttributes } from "../matching/admission-attributes.ts";
import { refusalOf } from "../matching/refusal.ts";
import { type NamespaceLabels, webhookMatches } from "../matching/webhook-matcher.ts";

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

/** Never sent to a webhook that is registered over the API: it could lock everybody out for good. */
const admissionObjects = new Set([
  "validatingwebhookconfigurations",
  "mutatingwebhookconfigurations",
  "validatingadmissionpolicies",
  "validatingadmissionpolicybindings",
  "mutatingadmissionpolicies",
  "mutatingadmissionpolicybindings",
]);

/** Whether no webhook at all is called for this resource. */
export function isExcluded(
  { resource }: AdmissionAttributes,
  exclusions: readonly ExcludedResource[],
): boolean {
  if (resource.group === "admissionregistration.k8s.io") return admissionObjects.has(resource.resource);
  return exclusions.some((one) => one.group === resource.group && one.resource === resource.resource);
}

/** All webhooks of one kind in the order they are called: configurations by name, webhooks as listed. */
export function orderedTargets(
  configurations: readonly WebhookConfiguration[],
  kind: WebhookConfigurationKind,
  apiGroup: string,
): WebhookTarget[] {
  return configurations
    .filter((configuration) => configuration.kind === kind)
    .toSorted((one, other) => compare(one.metadata.name ?? "", other.metadata.name ?? ""))
    .flatMap(({ metadata: { name = "", uid = "" }, webhooks }) =>
      (webhooks ?? []).map((webhook) => ({ kind, configuration: { name, uid }, webhook, apiGroup })),
    );
}

/**
 * Whether a webhook is to be called for this request. Match conditions are not evaluated here yet, which is an error in
 * evaluating them: `Fail` refuses the request before any call, `Ignore` leaves the webhook out. Calling the webhook
 * instead would send it what its owner excluded.
 * @throws ERR_WEBHOOK_REJECTED (403), and what matching throws.
 */
export async function shouldCall(
  { webhook }: WebhookTarget,
  attributes: AdmissionAttributes,
  namespaceLabels: NamespaceLabels,
): Promise<boolean> {
  if (!(await webhookMatches(webhook, attributes, namespaceLabels))) return false;
  if ((webhook.matchConditions ?? []).length === 0) return true;
  if (webhook.failurePolicy === "Ignore") return false;
  const { resource, name = "" } = attributes;
  const what = resource.group === "" ? resource.resource : `${resource.resource}.${resource.group}`;
  throw refusalOf({
    code: 403,
    reason: "Forbidden",
    message: `${what} ${JSON.stringify(name)} is forbidden: webhook ${JSON.stringify(webhook.name)}: matchConditions are not evaluated by this server`,
  });
}

/** Byte order, as Go compares strings. */
function compare(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
