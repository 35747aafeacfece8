import type { ServiceAccountReference } from "../../apis/authentication.ts";
import type { TokenIntent } from "../../credentials/token-request.ts";
import { createTokenRequestSource } from "../../credentials/token-request-source.ts";
import type { TokenSource } from "../../credentials/token-source.ts";
import { CountersignError } from "../../errors.ts";
import type { RestClient } from "../../transport/rest-client.ts";
import { createTokenRequestClient } from "../../transport/token-request-client.ts";
import { listWebhookConfigurations } from "../sources/list-webhook-configurations.ts";
import {
  type EndpointTokenIntent,
  type ResolvedEndpoint,
  resolveEndpoint,
  type WebhookEndpoint,
} from "./endpoint-token-intent.ts";
import { interceptedError, interceptionOf, mayWaitForItself } from "./token-request-interceptor.ts";

export interface EndpointTokenSourceOptions {
  /** The API server that has the webhook configurations and mints. */
  readonly client: RestClient;
  readonly serviceAccount: ServiceAccountReference;
  readonly intent: EndpointTokenIntent;
  readonly endpoint: WebhookEndpoint | undefined;
  /** Whether an API server holds its calls of the webhook back until this source has answered. */
  readonly holdsCalls: boolean;
}

/**
 * A token for the webhook at a host and port, found anew in the cluster's webhook configurations on every call.
 * @throws what {@link resolveEndpoint}, reading and minting throw; ERR_TOKEN_REQUEST_INTERCEPTED, before anything is asked
 * for, where calls are held back and one of them would be for the request itself.
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
  options: EndpointTokenSourceOptions,
  signal: AbortSignal | undefined,
): Promise<TokenIntent> {
  const { client, intent, endpoint } = options;
  if (endpoint === undefined)
    throw new CountersignError(
      "ERR_CONFIGURATION",
      "KUBERNETES_EXEC_INFO does not say which webhook is called: set `provideClusterInfo: true` in the `exec` stanza",
    );
  const resolved = resolveEndpoint(await listWebhookConfigurations(client, signal), intent, endpoint);
  if (options.holdsCalls) assertNotIntercepted(options, resolved);
  return resolved.intent;
}

/**
 * client-go runs one plugin at a time for a webhook, so kube-apiserver's call of the webhook for our own request waits for
 * us. What we give up on is not over: that call is next to run the plugin, whose request waits in its turn, and callers
 * waited 5, 7, 9, 11 s and so on.
 */
function assertNotIntercepted(
  { intent, serviceAccount }: EndpointTokenSourceOptions,
  { webhooks }: ResolvedEndpoint,
): void {
  if (!mayWaitForItself(intent)) return;
  const interceptor = webhooks.find(({ webhook }) => interceptionOf(webhook, serviceAccount) === "certain");
  if (interceptor !== undefined) throw interceptedError(interceptor);
}

/** Then no configuration has to be read, which takes a grant of its own. */
function isComplete(
  intent: EndpointTokenIntent,
): intent is Extract<EndpointTokenIntent, { readonly mode: "audience" }> {
  return intent.mode === "audience" && intent.audiences.length > 0;
}
