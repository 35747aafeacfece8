import type { ServiceAccountReference } from "../../apis/authentication.ts";
import type { TokenIntent } from "../../credentials/token-request.ts";
import { createTokenRequestSource } from "../../credentials/token-request-source.ts";
import type { TokenSource } from "../../credentials/token-source.ts";
import { CountersignError } from "../../errors.ts";
import type { RestClient } from "../../transport/rest-client.ts";
import { createTokenRequestClient } from "../../transport/token-request-client.ts";
import { listWebhookConfigurations } from "../sources/list-webhook-configurations.ts";
import { type FoundWebhook, findWebhooksByHostPort, hostPortOf } from "./find-webhooks-by-host-port.ts";

/** What a token for an endpoint is to be. */
export type EndpointTokenIntent =
  | { readonly mode: "attested"; readonly apiGroup: string }
  /** Without audiences: those of every webhook at the endpoint. */
  | { readonly mode: "audience"; readonly audiences: readonly string[] };

/** Where a webhook call is about to go, as far as a credential plugin is told. */
export interface WebhookEndpoint {
  /** `https://host[:port]`. */
  readonly server: string;
  /** PEM: what the caller trusts there. */
  readonly certificateAuthority?: Buffer | undefined;
}

export interface EndpointTokenSourceOptions {
  /** The API server that has the webhook configurations and mints. */
  readonly client: RestClient;
  readonly serviceAccount: ServiceAccountReference;
  readonly intent: EndpointTokenIntent;
  readonly endpoint: WebhookEndpoint | undefined;
}

/**
 * A token for the webhook at a host and port, found anew in the cluster's webhook configurations on every call. An
 * attested token needs exactly one configuration and audience there; the CA bytes decide only between several, because
 * while a CA is rotated an API server still hands out the old ones.
 * @throws ERR_WEBHOOK_NOT_FOUND, ERR_WEBHOOK_AMBIGUOUS naming those that fit, and what reading and minting throw.
 */
export function createEndpointTokenSource(options: EndpointTokenSourceOptions): TokenSource {
  const { client, serviceAccount } = options;
  return {
    async token(call = {}) {
      const intent = await intentFor(options, call.signal);
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
  if (intent.mode === "audience" && intent.audiences.length > 0) return intent;
  if (endpoint === undefined)
    throw new CountersignError(
      "ERR_CONFIGURATION",
      "KUBERNETES_EXEC_INFO does not say which webhook is called: set `provideClusterInfo: true` in the `exec` stanza",
    );
  const hostPort = hostPortOf(endpoint.server);
  if (hostPort === undefined)
    throw new CountersignError("ERR_CONFIGURATION", `${endpoint.server} is not https://host[:port]`);
  const found = findWebhooksByHostPort(await listWebhookConfigurations(client, signal), hostPort);
  if (intent.mode === "audience") return plainIntent(found, hostPort);
  const only = onlyWebhook(found.filter(concerns(intent.apiGroup)), endpoint, hostPort, intent.apiGroup);
  return {
    mode: "attested",
    apiGroup: intent.apiGroup,
    audience: only.audience,
    configuration: boundTo(only),
  };
}

function plainIntent(found: readonly FoundWebhook[], hostPort: string): TokenIntent {
  if (found.length === 0) throw notFound(hostPort);
  return { mode: "audience", audiences: [...new Set(found.map(({ audience }) => audience))] };
}

/** For one group the issuer wants a rule that names it; for `*` it looks at no rule (KEP-6060 as shipped in 1.37). */
function concerns(apiGroup: string): (found: FoundWebhook) => boolean {
  if (apiGroup === "*") return () => true;
  return ({ webhook: { rules } }) =>
    (rules ?? []).some(({ apiGroups }) => apiGroups.includes(apiGroup) || apiGroups.includes("*"));
}

function onlyWebhook(
  found: readonly FoundWebhook[],
  { certificateAuthority }: WebhookEndpoint,
  hostPort: string,
  apiGroup: string,
): FoundWebhook {
  let distinct = distinctTokens(found);
  if (distinct.length > 1) {
    const trusted = distinctTokens(found.filter(isTrustedBy(certificateAuthority ?? Buffer.alloc(0))));
    if (trusted.length === 1) distinct = trusted;
  }
  const [only, ...others] = distinct;
  if (only === undefined) throw notFound(hostPort, apiGroup);
  if (others.length > 0) throw ambiguous(hostPort, distinct);
  return only;
}

/** Webhooks of one configuration with one audience are served by one token. */
function distinctTokens(found: readonly FoundWebhook[]): FoundWebhook[] {
  const byToken = found.map((one) => [JSON.stringify([one.configuration, one.audience]), one] as const);
  return [...new Map(byToken).values()];
}

/** An API server trusts its own roots and, appended to them, the webhook's caBundle. */
function isTrustedBy(certificateAuthority: Buffer): (found: FoundWebhook) => boolean {
  return ({ webhook: { clientConfig } }) => {
    const bundle = Buffer.from(clientConfig.caBundle ?? "", "base64");
    return bundle.length === 0
      ? certificateAuthority.length === 0
      : certificateAuthority.subarray(-bundle.length).equals(bundle);
  };
}

function boundTo({ configuration: { kind, name, uid } }: FoundWebhook) {
  if (uid !== undefined) return { kind, name, uid };
  throw new CountersignError(
    "ERR_WEBHOOK_NOT_FOUND",
    `${kind} ${JSON.stringify(name)} has no uid to bind a token to`,
  );
}

function notFound(hostPort: string, apiGroup = "*"): CountersignError {
  const withRule = apiGroup === "*" ? "" : ` and has a rule for API group ${JSON.stringify(apiGroup)}`;
  return new CountersignError(
    "ERR_WEBHOOK_NOT_FOUND",
    `no webhook of any configuration is at ${hostPort}${withRule}: let the kubeconfig's users name only the hosts whose webhooks want a token`,
  );
}

function ambiguous(hostPort: string, candidates: readonly FoundWebhook[]): CountersignError {
  const listed = candidates.map(
    ({ configuration: { kind, name }, audience }) => `${kind} ${name} (${audience})`,
  );
  return new CountersignError(
    "ERR_WEBHOOK_AMBIGUOUS",
    `${candidates.length} webhooks are at ${hostPort}, and a token serves one: ${listed.join(", ")}: give each its own Service port, or use --mode audience`,
  );
}
