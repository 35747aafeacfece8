import type { Webhook, WebhookClientConfig, WebhookConfiguration } from "../../apis/admissionregistration.ts";
import { formatFieldPath } from "../../configuration/faults.ts";
import { webhookConfigurationKinds } from "./decode-webhook-configuration.ts";

/**
 * What keeps a list of configurations from being used: without a name, or with one that is taken, nothing can be told of
 * it, and without an address nobody can be called. Everything else is a fault of one webhook's call.
 */
export function configurationListFaults(list: readonly WebhookConfiguration[]): readonly string[] {
  const taken = new Set<string>();
  return list.flatMap((configuration, index) => {
    const { kind, metadata } = configuration;
    const name: unknown = metadata?.name;
    const what = nonEmpty(name) ? `${kind} ${JSON.stringify(name)}` : `configuration ${index}`;
    const repeated = taken.has(`${kind}/${name}`);
    taken.add(`${kind}/${name}`);
    return [
      ...(webhookConfigurationKinds.includes(kind)
        ? []
        : [`kind: must be one of ${webhookConfigurationKinds.join(", ")}`]),
      ...(nonEmpty(name) ? [] : ["metadata.name: is required"]),
      ...(repeated ? ["metadata.name: is the name of another one"] : []),
      ...webhookFaults(configuration.webhooks ?? []),
    ].map((fault) => `${what}: ${fault}`);
  });
}

function webhookFaults(webhooks: readonly Webhook[]): readonly string[] {
  if (!Array.isArray(webhooks)) return ["webhooks: must be a list"];
  const names = webhooks.map((webhook: Webhook) => webhook?.name);
  return webhooks.flatMap((webhook: Webhook, index) => {
    const at = (field: string): string => formatFieldPath(["webhooks", index, field]);
    return [
      ...(nonEmpty(webhook?.name) ? [] : [`${at("name")}: is required`]),
      ...(names.indexOf(webhook?.name) < index ? [`${at("name")}: is the name of another one`] : []),
      ...clientConfigFaults(webhook?.clientConfig).map((fault) => `${at("clientConfig")}: ${fault}`),
    ];
  });
}

function clientConfigFaults(clientConfig: WebhookClientConfig | undefined): readonly string[] {
  const { url, service } = clientConfig ?? {};
  if ((url === undefined) === (service === undefined)) return ["exactly one of url and service must be set"];
  if (url !== undefined) return nonEmpty(url) ? [] : ["url must be a text"];
  return nonEmpty(service?.name) && nonEmpty(service?.namespace)
    ? []
    : ["service needs a name and a namespace"];
}

function nonEmpty(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
