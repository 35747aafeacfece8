import type { WebhookConfiguration } from "../../apis/admissionregistration.ts";
import type { TokenIntent } from "../../credentials/token-request.ts";
import { CountersignError } from "../../errors.ts";
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

/** What is asked for when a token for an endpoint is, and for whom. */
export interface ResolvedEndpoint {
  readonly intent: TokenIntent;
  /** The webhooks that the token is for. */
  readonly webhooks: readonly FoundWebhook[];
}

/**
 * What the token for an endpoint is to be. An attested token needs exactly one configuration and audience there; the CA
 * bytes decide only between several, because while a CA is rotated an API server still hands out the old ones.
 * @throws ERR_WEBHOOK_NOT_FOUND, ERR_WEBHOOK_AMBIGUOUS naming those that fit, ERR_CONFIGURATION for an endpoint that is
 * none.
 */
export function resolveEndpoint(
  configurations: readonly WebhookConfiguration[],
  intent: EndpointTokenIntent,
  endpoint: WebhookEndpoint,
): ResolvedEndpoint {
  const hostPort = endpointHostPort(endpoint);
  const found = findWebhooksByHostPort(configurations, hostPort);
  if (intent.mode === "audience") return plainToken(found, intent.audiences, hostPort);
  const only = onlyToken(found.filter(concerns(intent.apiGroup)), endpoint, hostPort, intent.apiGroup);
  const [{ configuration, audience }] = only;
  return {
    webhooks: only,
    intent: { mode: "attested", apiGroup: intent.apiGroup, audience, configuration: boundTo(configuration) },
  };
}

/** @throws ERR_CONFIGURATION for an endpoint that is none. */
export function endpointHostPort({ server }: WebhookEndpoint): string {
  const hostPort = hostPortOf(server);
  if (hostPort === undefined)
    throw new CountersignError("ERR_CONFIGURATION", `${server} is not https://host[:port]`);
  return hostPort;
}

function plainToken(
  found: readonly FoundWebhook[],
  audiences: readonly string[],
  hostPort: string,
): ResolvedEndpoint {
  if (audiences.length > 0) return { webhooks: found, intent: { mode: "audience", audiences } };
  if (found.length === 0) throw notFound(hostPort);
  const ofAll = [...new Set(found.map(({ audience }) => audience))];
  return { webhooks: found, intent: { mode: "audience", audiences: ofAll } };
}

/** For one group the issuer wants a rule that names it; for `*` it looks at no rule (KEP-6060 as shipped in 1.37). */
function concerns(apiGroup: string): (found: FoundWebhook) => boolean {
  if (apiGroup === "*") return () => true;
  return ({ webhook: { rules } }) =>
    (rules ?? []).some(({ apiGroups }) => apiGroups.includes(apiGroup) || apiGroups.includes("*"));
}

type Webhooks = readonly [FoundWebhook, ...FoundWebhook[]];

function onlyToken(
  found: readonly FoundWebhook[],
  { certificateAuthority }: WebhookEndpoint,
  hostPort: string,
  apiGroup: string,
): Webhooks {
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
function distinctTokens(found: readonly FoundWebhook[]): Webhooks[] {
  const byToken = Map.groupBy(found, (one) => JSON.stringify([one.configuration, one.audience]));
  return [...byToken.values()] as unknown as Webhooks[];
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

function boundTo({ kind, name, uid }: FoundWebhook["configuration"]) {
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

function ambiguous(hostPort: string, candidates: readonly Webhooks[]): CountersignError {
  const listed = candidates.map(
    ([
      {
        configuration: { kind, name },
        audience,
      },
    ]) => `${kind} ${name} (${audience})`,
  );
  return new CountersignError(
    "ERR_WEBHOOK_AMBIGUOUS",
    `${candidates.length} webhooks are at ${hostPort}, and a token serves one: ${listed.join(", ")}: give each its own Service port, or use --mode audience`,
  );
}
