import { deepFreeze } from "../../admission/deep-freeze.ts";
import type { WebhookConfiguration, WebhookConfigurationKind } from "../../apis/admissionregistration.ts";
import { CountersignError } from "../../errors.ts";
import { withAuthenticationSourcesOrFault } from "./authentication-source-annotation.ts";

/** The collections of an API server. */
export const webhookConfigurationResources = {
  ValidatingWebhookConfiguration: "validatingwebhookconfigurations",
  MutatingWebhookConfiguration: "mutatingwebhookconfigurations",
} as const satisfies Record<WebhookConfigurationKind, string>;

/** Both, in the order in which sources show them. */
export const webhookConfigurationKinds = Object.keys(
  webhookConfigurationResources,
) as readonly WebhookConfigurationKind[];

/**
 * What an API server lists or watches as one of our configurations: with its type, its annotation carried out, frozen.
 * @throws ERR_TRANSPORT for anything else.
 */
export function decodeWebhookConfiguration(
  object: unknown,
  kind: WebhookConfigurationKind,
): WebhookConfiguration {
  if (!isConfiguration(object))
    throw new CountersignError("ERR_TRANSPORT", `the answer does not hold a ${kind} where it should`);
  // the items of a list do not say what they are
  const typed: WebhookConfiguration = { ...object, apiVersion: "admissionregistration.k8s.io/v1", kind };
  return deepFreeze(withAuthenticationSourcesOrFault(typed));
}

/** As much as is needed to read on without a fault of ours; the rest the API server has validated. */
function isConfiguration(item: unknown): item is WebhookConfiguration {
  if (!isObject(item) || !isObject(item.metadata) || typeof item.metadata.name !== "string") return false;
  const { webhooks } = item;
  return (
    webhooks === undefined || webhooks === null || (Array.isArray(webhooks) && webhooks.every(isWebhook))
  );
}

function isWebhook(webhook: unknown): boolean {
  if (!isObject(webhook) || !isObject(webhook.clientConfig)) return false;
  const { url, service } = webhook.clientConfig;
  if (url !== undefined) return typeof url === "string";
  return isObject(service) && typeof service.name === "string" && typeof service.namespace === "string";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
