import type { WebhookConfiguration } from "../apis/admissionregistration.ts";
import type { ServiceAccountReference } from "../apis/authentication.ts";
import type { Clock } from "../clock.ts";
import type { CachedTokenSource } from "../credentials/cached-token-source.ts";
import type { TokenCache } from "../credentials/token-cache.ts";
import type { Token } from "../credentials/token-source.ts";
import { diagnosticsChannel } from "../diagnostics.ts";
import { CountersignError } from "../errors.ts";
import {
  type EndpointTokenIntent,
  endpointHostPort,
  type ResolvedEndpoint,
  resolveEndpoint,
  type WebhookEndpoint,
} from "../webhook/endpoints/endpoint-token-intent.ts";
import type { FoundWebhook } from "../webhook/endpoints/find-webhooks-by-host-port.ts";
import { interceptorOf } from "../webhook/endpoints/token-request-exclusion.ts";
import { mayWaitForItself } from "../webhook/endpoints/token-request-interceptor.ts";
import type { LiveWebhookConfigurationSource } from "../webhook/sources/webhook-configuration-source.ts";
import { type EndpointState, missingTokenError } from "./endpoint-state.ts";

/** Less than the plugin's 1.75 s, so that it still hears why there is no token. */
const answerTimeoutMs = 1_500;
/** A webhook called less often than this waits for its token; one that is gone costs no more of them. */
const forgottenAfterMs = 60 * 60 * 1000;
/** Far more than a cluster has webhooks. */
const maxEndpoints = 1_000;

export interface EndpointTokensOptions {
  readonly configurations: LiveWebhookConfigurationSource;
  readonly cache: TokenCache;
  readonly serviceAccount: ServiceAccountReference;
  readonly intent: EndpointTokenIntent;
  readonly clock: Clock;
  /** Told whenever a token came, or could not be had. */
  readonly onUpdate: () => void;
}

/** Tokens for the hosts and ports that somebody calls, each kept fresh from then on. */
export interface EndpointTokens {
  /** Keeps this endpoint's token for as long as there is an agent. */
  keep(endpoint: WebhookEndpoint): EndpointHandle;
  /**
   * The token for a call that is about to be made: at once where one is held. Where the webhook is called for the
   * request that would bring its token, nobody waits for that either.
   * @throws ERR_WEBHOOK_NOT_FOUND, ERR_WEBHOOK_AMBIGUOUS, ERR_TOKEN_REQUEST_*, ERR_TRANSPORT_TIMEOUT and what the
   * configurations' source throws.
   */
  ask(endpoint: WebhookEndpoint): Promise<Token>;
  /** Looks at every endpoint anew: what is due is asked for. */
  renew(): void;
  states(): readonly EndpointState[];
}

export interface EndpointHandle {
  state(): EndpointState;
}

interface Entry {
  readonly endpoint: WebhookEndpoint;
  readonly hostPort: string;
  /** Infinity for what is kept for good. */
  askedAt: number;
  /** What it was resolved by. */
  seen?: readonly WebhookConfiguration[];
  resolved?: ResolvedEndpoint | undefined;
  interceptor?: FoundWebhook | undefined;
  source?: CachedTokenSource | undefined;
  /** Whose answer is awaited. */
  asking?: CachedTokenSource | undefined;
  failure?: unknown;
}

const lookups = diagnosticsChannel("countersign:tokenLookup");

export function createEndpointTokens(options: EndpointTokensOptions): EndpointTokens {
  const { configurations, clock, onUpdate } = options;
  const entries = new Map<string, Entry>();

  function entryOf(endpoint: WebhookEndpoint): Entry {
    const hostPort = endpointHostPort(endpoint);
    const key = `${hostPort} ${endpoint.certificateAuthority?.toString("latin1") ?? ""}`;
    const entry = entries.get(key) ?? { endpoint, hostPort, askedAt: 0 };
    entry.askedAt = Math.max(entry.askedAt, clock.now());
    // the one asked for last stands last
    entries.delete(key);
    entries.set(key, entry);
    return entry;
  }

  function forget(): void {
    const before = clock.now() - forgottenAfterMs;
    let surplus = entries.size - maxEndpoints;
    for (const [key, { askedAt }] of entries)
      if (askedAt < before || (surplus > 0 && Number.isFinite(askedAt))) {
        entries.delete(key);
        surplus -= 1;
      }
  }

  /** Starts what is due, and learns what becomes of it. */
  function renewEntry(entry: Entry): Token | undefined {
    resolveEntry(entry, options);
    const { source } = entry;
    const token = source?.held();
    if (token !== undefined) entry.failure = undefined;
    else if (source !== undefined && entry.asking !== source) void learn(entry, source);
    return token;
  }

  async function learn(entry: Entry, source: CachedTokenSource): Promise<void> {
    entry.asking = source;
    const failure = await source.token().then(
      () => undefined,
      (error: unknown) => error,
    );
    entry.asking = undefined;
    if (entry.source === source) entry.failure = failure;
    onUpdate();
  }

  return {
    keep(endpoint) {
      const entry = entryOf(endpoint);
      entry.askedAt = Number.POSITIVE_INFINITY;
      return { state: () => stateOf(entry) };
    },
    async ask(endpoint) {
      const signal = AbortSignal.timeout(answerTimeoutMs);
      if (!configurations.synced) await configurations.ready(signal).catch(() => undefined);
      const entry = entryOf(endpoint);
      const token = renewEntry(entry);
      const { source, interceptor, hostPort } = entry;
      if (source === undefined) throw entry.failure;
      lookups.publish({ outcome: token === undefined ? "miss" : "hit" });
      if (token !== undefined) return token;
      if (interceptor !== undefined && mayWaitForItself(options.intent))
        throw missingTokenError(hostPort, interceptor, entry.failure);
      return source.token({ signal }).catch((error: unknown) => {
        throw signal.aborted ? lateError(hostPort, error) : error;
      });
    },
    renew() {
      forget();
      for (const entry of entries.values()) renewEntry(entry);
    },
    states: () => {
      // a host is there twice while its CA is being replaced: what was asked last counts
      const byHost = new Map([...entries.values()].map((entry) => [entry.hostPort, entry]));
      return [...byHost.values()].map(stateOf);
    },
  };
}

function stateOf({ hostPort, resolved, interceptor, source, failure }: Entry): EndpointState {
  const webhooks = resolved?.webhooks ?? [];
  const token = source?.held();
  return {
    hostPort,
    webhooks,
    interceptor,
    token,
    failure: token === undefined ? missingTokenError(hostPort, interceptor, failure) : undefined,
    settled: token !== undefined || failure !== undefined,
  };
}

/** What is found once serves until the configurations change; what was found last serves while they cannot be had. */
function resolveEntry(
  entry: Entry,
  { configurations, cache, serviceAccount, intent }: EndpointTokensOptions,
): void {
  try {
    const list = configurations.configurations();
    if (entry.seen === list) return;
    entry.seen = list;
    entry.resolved = undefined;
    entry.interceptor = undefined;
    const before = entry.source;
    entry.source = undefined;
    entry.resolved = resolveEndpoint(list, intent, entry.endpoint);
    entry.source = cache.source(serviceAccount, entry.resolved.intent);
    entry.interceptor = interceptorOf(entry.resolved.webhooks, serviceAccount);
    if (entry.source !== before) entry.failure = undefined;
  } catch (failure) {
    entry.failure = failure;
  }
}

function lateError(hostPort: string, cause: unknown): CountersignError {
  return new CountersignError(
    "ERR_TRANSPORT_TIMEOUT",
    `no token for ${hostPort} came within ${answerTimeoutMs / 1000} s: can the agent reach the API server?`,
    { cause },
  );
}
