import type { Webhook, WebhookConfiguration } from "../apis/admissionregistration.ts";
import { webhookAudience } from "../apis/audience.ts";
import { CountersignError } from "../errors.ts";

/**
 * The webhook of that name, or all there are.
 * @throws ERR_USAGE listing the names there are, ERR_WEBHOOK_NOT_FOUND where there is none.
 */
export function chooseWebhooks(configuration: WebhookConfiguration, name?: string): readonly Webhook[] {
  const all = configuration.webhooks ?? [];
  const found = all.filter((webhook) => name === undefined || webhook.name === name);
  if (found.length > 0) return found;
  if (all.length === 0)
    throw new CountersignError("ERR_WEBHOOK_NOT_FOUND", `${whereOf(configuration)} has no webhooks`);
  const usage = `--webhook=${name}: ${whereOf(configuration)} has only ${namesOf(configuration)}`;
  throw new CountersignError("ERR_USAGE", usage);
}

/**
 * The webhook of that name, or the only one there is.
 * @throws as {@link chooseWebhooks}, and ERR_USAGE where there are several.
 */
export function chooseWebhook(configuration: WebhookConfiguration, name?: string): Webhook {
  const [only, ...others] = chooseWebhooks(configuration, name);
  if (only !== undefined && others.length === 0) return only;
  const usage = `--webhook is required: ${whereOf(configuration)} has ${namesOf(configuration)}`;
  throw new CountersignError("ERR_USAGE", usage);
}

function whereOf({ kind, metadata }: WebhookConfiguration): string {
  return `${kind} ${JSON.stringify(metadata.name ?? "")}`;
}

function namesOf({ webhooks = [] }: WebhookConfiguration): string {
  return webhooks.map(({ name }) => name).join(", ");
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
