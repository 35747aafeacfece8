import type { WebhookConfiguration, WebhookConfigurationKind } from "../../apis/admissionregistration.ts";
import { CountersignError } from "../../errors.ts";
import { apiPath, type RestClient } from "../../transport/rest-client.ts";

const resources = {
  ValidatingWebhookConfiguration: "validatingwebhookconfigurations",
  MutatingWebhookConfiguration: "mutatingwebhookconfigurations",
} as const satisfies Record<WebhookConfigurationKind, string>;

/**
 * All webhook configurations of a cluster, validating ones first.
 * @throws ERR_API_STATUS, ERR_TRANSPORT or ERR_TRANSPORT_TIMEOUT: reading takes `list` on both kinds.
 */
export async function listWebhookConfigurations(
  client: Pick<RestClient, "request" | "server">,
  signal?: AbortSignal,
): Promise<WebhookConfiguration[]> {
  const kinds = Object.keys(resources) as WebhookConfigurationKind[];
  const lists = await Promise.all(kinds.map((kind) => list(client, kind, signal)));
  return lists.flat();
}

async function list(
  client: Pick<RestClient, "request" | "server">,
  kind: WebhookConfigurationKind,
  signal: AbortSignal | undefined,
): Promise<WebhookConfiguration[]> {
  const apiVersion = "admissionregistration.k8s.io/v1";
  const path = apiPath("apis", "admissionregistration.k8s.io", "v1", resources[kind]);
  const { body } = await client.request<unknown>({ path, signal });
  const items = isObject(body) ? body.items : undefined;
  if (!Array.isArray(items) || !items.every(isConfiguration))
    throw new CountersignError(
      "ERR_TRANSPORT",
      `${client.server}${path}: the answer is not a list of ${kind}`,
    );
  // the items of a list do not say what they are
  return items.map((item) => ({ ...item, apiVersion, kind }));
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
