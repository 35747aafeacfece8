import type { Webhook, WebhookConfiguration } from "../apis/admissionregistration.ts";
import { webhookAudience } from "../apis/audience.ts";
import { CountersignError } from "../errors.ts";

/**
 * The webhook of that name, or the only one there is.
 * @throws ERR_USAGE listing the names there are.
 */
export function chooseWebhook({ kind, metadata, webhooks }: WebhookConfiguration, name?: string): Webhook {
  const all = webhooks ?? [];
  const where = `${kind} ${JSON.stringify(metadata.name ?? "")}`;
  const names = all.map((webhook) => webhook.name).join(", ");
  const found = all.filter((webhook) => name === undefined || webhook.name === name);
  if (found.length === 1) return found[0]!;
  if (all.length === 0) throw new CountersignError("ERR_WEBHOOK_NOT_FOUND", `${where} has no webhooks`);
  throw new CountersignError(
    "ERR_USAGE",
    name === undefined
      ? `--webhook is required: ${where} has ${names}`
      : `--webhook=${name}: ${where} has only ${names}`,
  );
}

/**
 * The one API group that a webhook's rules name, where it can be attested.
 * @throws ERR_USAGE where they name several, all, or the core group.
 */
export function onlyGroupOf({ name, rules = [], clientConfig }: Webhook): string {
  const groups = [...new Set(rules.flatMap(({ apiGroups }) => apiGroups))];
  const [only = "", ...others] = groups;
  if (only !== "" && only !== "*" && others.length === 0) return only;
  const said = groups.map((group) => (group === "" ? "the core group" : group)).join(", ") || "none";
  throw new CountersignError(
    "ERR_USAGE",
    `--api-group is required: the rules of ${name} (${webhookAudience(clientConfig)}) name ${said}; ` +
      "a token attests exactly one group, or * for all",
  );
}
