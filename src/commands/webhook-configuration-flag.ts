import type { WebhookConfiguration, WebhookConfigurationKind } from "../apis/admissionregistration.ts";
import { CountersignError } from "../errors.ts";
import { apiPath, type RestClient } from "../transport/rest-client.ts";

/** A configuration as a flag names it. */
export interface ConfigurationName {
  readonly kind: WebhookConfigurationKind;
  readonly name: string;
}

const kinds: Readonly<Record<string, WebhookConfigurationKind>> = {
  validating: "ValidatingWebhookConfiguration",
  validatingwebhookconfiguration: "ValidatingWebhookConfiguration",
  mutating: "MutatingWebhookConfiguration",
  mutatingwebhookconfiguration: "MutatingWebhookConfiguration",
};

/**
 * Reads `validating/NAME` or `mutating/NAME`; the kind in full does as well.
 * @throws ERR_USAGE naming the flag.
 */
export function parseConfigurationName(text: string): ConfigurationName {
  const [written = "", name, ...rest] = text.split("/");
  const kind = Object.hasOwn(kinds, written.toLowerCase()) ? kinds[written.toLowerCase()] : undefined;
  if (kind === undefined || !name || rest.length > 0)
    throw new CountersignError(
      "ERR_USAGE",
      `--webhook-configuration=${text}: must be validating/NAME or mutating/NAME`,
    );
  return { kind, name };
}

/**
 * The configuration as the cluster has it.
 * @throws ERR_API_STATUS, ERR_TRANSPORT or ERR_TRANSPORT_TIMEOUT.
 */
export async function readConfiguration(
  client: Pick<RestClient, "request">,
  { kind, name }: ConfigurationName,
): Promise<WebhookConfiguration> {
  const resource = `${kind.toLowerCase()}s`;
  const path = apiPath("apis", "admissionregistration.k8s.io", "v1", resource, name);
  const { body } = await client.request<WebhookConfiguration>({ path });
  return body;
}
