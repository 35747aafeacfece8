import { type Clock, systemClock } from "../clock.ts";
import type { AgentConfiguration } from "../configuration/agent-configuration.ts";
import { createTokenCache, type TokenCache } from "../credentials/token-cache.ts";
import type { Log } from "../monitoring/log.ts";
import { createRestClient, type RestClient, type RestClientOptions } from "../transport/rest-client.ts";
import { createTokenRequestClient } from "../transport/token-request-client.ts";
import type { EndpointTokenIntent } from "../webhook/endpoints/endpoint-token-intent.ts";
import { watchWebhookConfigurations } from "../webhook/sources/watch-webhook-configurations.ts";
import type { LiveWebhookConfigurationSource } from "../webhook/sources/webhook-configuration-source.ts";
import { type AgentMetrics, createAgentMetrics } from "./agent-metrics.ts";
import type { EndpointState } from "./endpoint-state.ts";
import { createEndpointTokens, type EndpointTokens, type EndpointTokensOptions } from "./endpoint-tokens.ts";
import { dropReplacedTokens } from "./replaced-configurations.ts";
import {
  createTokenFiles,
  type TokenFiles,
  type TokenFilesOptions,
  type TokenFileWrite,
} from "./token-files.ts";
import { createTokenReport } from "./token-report.ts";

/** How often it is looked whether a token is due. */
const tickMs = 1_000;

export interface TokenKeepingOptions {
  readonly configuration: AgentConfiguration;
  readonly cluster: RestClientOptions;
  readonly log: Pick<Log, "write">;
  readonly clock?: Clock | undefined;
}

/** Everything that keeps tokens, and the clockwork that renews them. */
export interface TokenKeeping {
  readonly source: LiveWebhookConfigurationSource;
  /** Those of the configuration in use. */
  readonly tokens: EndpointTokens;
  readonly files: TokenFiles;
  readonly metrics: AgentMetrics;
  /**
   * Goes on with another ServiceAccount, mode, group, audiences or token files: tokens that still fit go on as well.
   * @throws ERR_CONFIGURATION for a token file that cannot be written; what is in use stays then.
   */
  reconfigure(configuration: AgentConfiguration): void;
  close(): void;
}

/** @throws ERR_CONFIGURATION for a token file that cannot be written. */
export function startTokenKeeping(options: TokenKeepingOptions): TokenKeeping {
  const { cluster, log, clock = systemClock } = options;
  const rest = createRestClient(cluster);
  const source = watchWebhookConfigurations({ client: rest, clock });
  const cache = createAgentCache(rest, clock);
  const report = createTokenReport(log);
  let kept: Kept | undefined;
  const states = (): readonly EndpointState[] => kept?.tokens.states() ?? [];
  const metrics = createAgentMetrics({ states, synced: () => source.synced });
  const update = (): void => {
    kept?.files.update();
    report(states());
  };
  const renew = (): void => {
    kept?.tokens.renew();
    update();
  };
  const stopRenewing = renewRegularly(source, cache, renew);
  const close = (): void => {
    kept = undefined;
    for (const end of [stopRenewing, source.close, metrics.close, cache.close, rest.close]) end();
  };
  const onWrite = (write: TokenFileWrite): void => reportWrite(write, metrics, log);
  const shared = { configurations: source, cache, clock, onUpdate: update, onWrite };
  try {
    kept = keep(options.configuration, shared);
  } catch (error) {
    close();
    throw error;
  }
  const inUse = kept;
  return {
    source,
    metrics,
    close,
    get tokens() {
      return (kept ?? inUse).tokens;
    },
    get files() {
      return (kept ?? inUse).files;
    },
    reconfigure(configuration) {
      kept = keep(configuration, shared);
      renew();
    },
  };
}

/** What a configuration says of tokens, kept. */
interface Kept {
  readonly tokens: EndpointTokens;
  readonly files: TokenFiles;
}

type Shared = Pick<EndpointTokensOptions, "configurations" | "cache" | "clock" | "onUpdate"> &
  Pick<TokenFilesOptions, "onWrite">;

function keep(configuration: AgentConfiguration, { onWrite, ...shared }: Shared): Kept {
  const { serviceAccount, tokenFiles } = configuration;
  const tokens = createEndpointTokens({ ...shared, serviceAccount, intent: intentOf(configuration) });
  const files = createTokenFiles({ files: tokenFiles, tokens, clock: shared.clock, onWrite });
  files.prepare();
  const [fault] = files.faults().values();
  if (fault !== undefined) throw fault;
  return { tokens, files };
}

/**
 * The whole of the ten seconds' jitter, always: renewed after 470 s and a tick, a token of 600 s in a file is good for
 * 120 s more even where minting the next takes nine.
 */
export function createAgentCache(rest: RestClient, clock: Clock): TokenCache {
  return createTokenCache({
    server: rest.server,
    client: createTokenRequestClient(rest),
    clock: { now: clock.now, random: () => 0.999 },
  });
}

function renewRegularly(
  source: LiveWebhookConfigurationSource,
  cache: TokenCache,
  renew: () => void,
): () => void {
  const dropReplaced = dropReplacedTokens(cache);
  const unsubscribe = source.onChange(() => {
    dropReplaced(source.configurations());
    renew();
  });
  const timer = setInterval(renew, tickMs);
  return () => {
    clearInterval(timer);
    unsubscribe();
  };
}

function reportWrite(
  { host, file, content, error }: TokenFileWrite,
  metrics: AgentMetrics,
  log: Pick<Log, "write">,
): void {
  metrics.countWrite(host, error === undefined ? content : "failed");
  if (error === undefined) log.write("debug", "token file written", { host, file, content });
  else log.write("error", "token file not written", { host, file, detail: String(error) });
}

function intentOf({ mode, apiGroup, audiences = [] }: AgentConfiguration): EndpointTokenIntent {
  // what mode attested needs, the configuration's schema has asked for
  return mode === "attested" ? { mode, apiGroup: apiGroup ?? "" } : { mode, audiences };
}
