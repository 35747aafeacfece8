import type { ServiceAccountReference } from "../../apis/authentication.ts";
import type { TokenIntent } from "../../credentials/token-request.ts";
import { createTokenRequestSource } from "../../credentials/token-request-source.ts";
import type { TokenSource } from "../../credentials/token-source.ts";
import { CountersignError } from "../../errors.ts";
import type { RestClient } from "../../transport/rest-client.ts";
import { createTokenRequestClient } from "../../transport/token-request-client.ts";
import { listWebhookConfigurations } from "../sources/list-webhook-configurations.ts";
import { type EndpointTokenIntent, resolveEndpoint, type WebhookEndpoint } from "./endpoint-token-intent.ts";

export interface EndpointTokenSourceOptions {
  /** The API server that has the webhook configurations and mints. */
  readonly client: RestClient;
  readonly serviceAccount: ServiceAccountReference;
  readonly intent: EndpointTokenIntent;
  readonly endpoint: WebhookEndpoint | undefined;
}

/**
 * A token for the webhook at a host and port, found anew in the cluster's webhook configurations on every call.
 * @throws what {@link resolveEndpoint}, reading and minting throw.
 */
export function createEndpointTokenSource(options: EndpointTokenSourceOptions): TokenSource {
  const { client, serviceAccount, intent: wanted } = options;
  return {
    async token(call = {}) {
      const intent = isComplete(wanted) ? wanted : await intentFor(options, call.signal);
      return createTokenRequestSource({
        client: createTokenRequestClient(client),
        serviceAccount,
        intent,
      }).token(call);
    },
  };
}

async function intentFor(
  { client, intent, endpoint }: EndpointTokenSourceOptions,
  signal: AbortSignal | undefined,
): Promise<TokenIntent> {
  if (endpoint === undefined)
    throw new CountersignError(
      "ERR_CONFIGURATION",
      "KUBERNETES_EXEC_INFO does not say which webhook is called: set `provideClusterInfo: true` in the `exec` stanza",
    );
  return resolveEndpoint(await listWebhookConfigurations(client, signal), intent, endpoint).intent;
}

/** Then no configuration has to be read, which takes a grant of its own. */
function isComplete(
  intent: EndpointTokenIntent,
): intent is Extract<EndpointTokenIntent, { readonly mode: "audience" }> {
  return intent.mode === "audience" && intent.audiences.length > 0;
}
