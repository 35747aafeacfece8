import type { Webhook, WebhookConfiguration } from "../../apis/admissionregistration.ts";
import type { CountersignError } from "../../errors.ts";

const faults = new WeakMap<Webhook, CountersignError>();

/** Marks every webhook of a configuration that cannot be done justice: each call of one is to fail with this error. */
export function markFaulty(
  configuration: WebhookConfiguration,
  fault: CountersignError,
): WebhookConfiguration {
  for (const webhook of configuration.webhooks ?? []) faults.set(webhook, fault);
  return configuration;
}

/**
 * Why a webhook cannot be called as its configuration says, or undefined. Whoever is about to call it throws this
 * instead, so that the webhook's failurePolicy decides and no other webhook suffers.
 */
export function faultOf(webhook: Webhook): CountersignError | undefined {
  return faults.get(webhook);
}
