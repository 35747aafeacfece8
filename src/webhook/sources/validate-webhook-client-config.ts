import type { WebhookClientConfig } from "../../apis/admissionregistration.ts";
import { holdsCertificates } from "../../certificates/ca-bundle.ts";
import { webhookServiceFaults } from "./webhook-service-faults.ts";
import { webhookURLFaults } from "./webhook-url-faults.ts";

/** One thing that is wrong with a clientConfig. */
export interface WebhookClientConfigFault {
  /** From the clientConfig on; empty for itself. */
  readonly path: readonly string[];
  readonly message: string;
}

/**
 * All that an API server has against a webhook's clientConfig when it is stored, for whoever takes webhooks from
 * elsewhere: exactly one of url and service, `https://host[/path]`, a Service by name, namespace, port and a path of
 * DNS-1123 segments (k8s.io/apiserver pkg/util/webhook/validation.go). And certificates in the caBundle, which it stores
 * whatever they are: every call fails with what is none. Empty where there is nothing.
 */
export function validateWebhookClientConfig(
  clientConfig: WebhookClientConfig,
): readonly WebhookClientConfigFault[] {
  const { url, service, caBundle = "" } = clientConfig;
  const isOne = (url === undefined) !== (service === undefined);
  return [
    ...(isOne ? [] : [{ path: [], message: "exactly one of url and service must be set" }]),
    ...(url === undefined ? [] : webhookURLFaults(url).map((message) => ({ path: ["url"], message }))),
    ...(service === undefined ? [] : webhookServiceFaults(service)).map(({ field, message }) => ({
      path: ["service", field],
      message,
    })),
    ...(caBundle === "" || holdsCertificates(caBundle)
      ? []
      : [{ path: ["caBundle"], message: "must be certificates in PEM, in base64" }]),
  ];
}
