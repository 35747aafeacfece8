import type { WebhookConfiguration, WebhookConfigurationKind } from "../../apis/admissionregistration.ts";
import { listPages } from "../../transport/list-pages.ts";
import { apiPath, type RestClient } from "../../transport/rest-client.ts";
import {
  decodeWebhookConfiguration,
  webhookConfigurationKinds,
  webhookConfigurationResources,
} from "./decode-webhook-configuration.ts";

/** Where an API server has the configurations of a kind. */
export function webhookConfigurationsPath(kind: WebhookConfigurationKind): string {
  return apiPath("apis", "admissionregistration.k8s.io", "v1", webhookConfigurationResources[kind]);
}

/**
 * All webhook configurations of a cluster as they are now, validating ones first. What the annotation
 * `countersign.dev/authentication-source` says stands in `clientConfig.authenticationSource`; where it is wrong, calls of
 * that configuration's webhooks fail with ERR_CONFIGURATION.
 * @throws ERR_API_STATUS, ERR_TRANSPORT or ERR_TRANSPORT_TIMEOUT: reading takes `list` on both kinds.
 */
export async function listWebhookConfigurations(
  client: Pick<RestClient, "request" | "server">,
  signal?: AbortSignal,
): Promise<WebhookConfiguration[]> {
  const lists = await Promise.all(
    webhookConfigurationKinds.map(async (kind) => {
      const { items } = await listPages(client, webhookConfigurationsPath(kind), signal);
      return items.map((item) => decodeWebhookConfiguration(item, kind));
    }),
  );
  return lists.flat();
}
