import { webhookAudience } from "../../apis/audience.ts";
import { CountersignError } from "../../errors.ts";
import { type WebhookAddress, webhookAddress } from "../../webhook/client/webhook-address.ts";
import type { WebhookSubject } from "./lint-subjects.ts";

/** The audience of the webhook's tokens, or undefined where its clientConfig names no address. */
export function audienceOf({ webhook }: WebhookSubject): string | undefined {
  return unlessUnusable(() => webhookAudience(webhook.clientConfig));
}

/** What its token is bound to and minted for, in words: webhooks of which this is the same are served by one token. */
export function tokenOf(subject: WebhookSubject): string {
  return `${subject.kind}/${subject.configuration.metadata.name} (${audienceOf(subject)})`;
}

/** Where an API server calls it, or undefined where it could not. */
export function addressOf({ webhook }: WebhookSubject): WebhookAddress | undefined {
  return unlessUnusable(() => webhookAddress(webhook.clientConfig));
}

function unlessUnusable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof CountersignError) return undefined;
    throw error;
  }
}
