import type {
  Webhook,
  WebhookClientConfig,
  WebhookConfiguration,
  WebhookConfigurationKind,
} from "../../apis/admissionregistration.ts";
import { webhookAudience } from "../../apis/audience.ts";

/** A webhook and the configuration it stands in. */
export interface FoundWebhook {
  readonly configuration: {
    readonly kind: WebhookConfigurationKind;
    readonly name: string;
    readonly uid?: string;
  };
  readonly webhook: Webhook;
  readonly audience: string;
}

/**
 * Every webhook that an API server calls at `hostPort`, in the order of the configurations. Host names are compared
 * without case; a URL without a port means 443. What has no usable clientConfig is called nowhere.
 */
export function findWebhooksByHostPort(
  configurations: readonly WebhookConfiguration[],
  hostPort: string,
): FoundWebhook[] {
  const wanted = hostPort.toLowerCase();
  return configurations.flatMap(({ kind, metadata: { name = "", uid }, webhooks = [] }) =>
    webhooks
      .filter(({ clientConfig }) => webhookHostPort(clientConfig) === wanted)
      .map((webhook) => ({
        configuration: { kind, name, ...(uid === undefined ? {} : { uid }) },
        webhook,
        audience: webhookAudience(webhook.clientConfig),
      })),
  );
}

/** `host:port` in lower case that an API server dials for this webhook; undefined where it could not call it. */
export function webhookHostPort(clientConfig: WebhookClientConfig): string | undefined {
  const { url, service } = clientConfig;
  if ((url === undefined || url === "") === (service === undefined)) return undefined;
  // the audience of a Service has the form of a URL
  return hostPortOf(webhookAudience(clientConfig));
}

/** `host:port` in lower case of an https URL, or undefined. An IPv6 host keeps its brackets. */
export function hostPortOf(url: string): string | undefined {
  const [, host, port = "443"] =
    /^https:\/\/(\[[^\]/?#]+\]|[^:/?#@[\]]+)(?::(\d+))?(?:[/?#]|$)/i.exec(url) ?? [];
  return host === undefined ? undefined : `${host.toLowerCase()}:${port}`;
}
