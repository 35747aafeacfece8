import type { WebhookConfigurationKind } from "../apis/admissionregistration.ts";
import type { ServiceAccountReference } from "../apis/authentication.ts";
import { createExpiringCache } from "../cache/expiring-cache.ts";
import { type Clock, systemClock } from "../clock.ts";
import { type CachedTokenSource, createCachedTokenSource } from "./cached-token-source.ts";
import { createPacedTokenSource } from "./paced-token-source.ts";
import type { TokenIntent } from "./token-request.ts";
import { createTokenRequestSource, type TokenRequestClient } from "./token-request-source.ts";

/** One per webhook and API group; ten thousand tokens of 1.1 KB take about 25 MB with all that is around them. */
const defaultMaxEntries = 10_000;

export interface TokenCacheOptions {
  /** Names the API server in keys. */
  readonly server: string;
  readonly client: TokenRequestClient;
  /** Default 10 000. From there on the oldest source goes. */
  readonly maxEntries?: number;
  readonly onRefreshError?: (error: unknown) => void;
  readonly clock?: Clock;
}

/** What is left of a webhook configuration; `uid` undefined where it was deleted. */
export interface ConfigurationState {
  readonly kind: WebhookConfigurationKind;
  readonly name: string;
  readonly uid: string | undefined;
  readonly audiences: readonly string[];
}

/** Token sources by what their tokens are for. */
export interface TokenCache {
  /** The one source for this ServiceAccount and intent; it mints when it is first asked for a token. */
  source(account: ServiceAccountReference, intent: TokenIntent): CachedTokenSource;
  /** Drops what was minted for a configuration of that name under another uid, or for an audience it no longer has. */
  configurationChanged(state: ConfigurationState): void;
  readonly size: number;
  close(): void;
}

interface Entry {
  readonly intent: TokenIntent;
  readonly source: CachedTokenSource;
}

/**
 * A bounded map of cached sources. However many ask first at once, one TokenRequest is made for each thing a token can
 * be for; after one that failed, the next is made a second later at the earliest, and later after each further failure.
 */
export function createTokenCache(options: TokenCacheOptions): TokenCache {
  const { server, client, maxEntries = defaultMaxEntries, onRefreshError, clock = systemClock } = options;
  const entries = createExpiringCache<Entry>({ maxEntries, clock });
  const configurations = new Map<string, { readonly uid: string; readonly keys: Set<string> }>();

  function create(serviceAccount: ServiceAccountReference, intent: TokenIntent): Entry {
    // an admission request must not wait for the same refusal again and again
    const source = createPacedTokenSource(
      createTokenRequestSource({ client, serviceAccount, intent, clock }),
      clock,
    );
    return {
      intent,
      source: createCachedTokenSource({
        source,
        clock,
        ...(onRefreshError === undefined ? {} : { onRefreshError }),
      }),
    };
  }

  /** What was minted under another uid of the same configuration can never be used again. */
  function remember(intent: TokenIntent, key: string): void {
    if (intent.mode !== "attested") return;
    const { uid } = intent.configuration;
    const name = configurationKey(intent.configuration);
    let known = configurations.get(name);
    if (known?.uid !== uid) {
      for (const old of known?.keys ?? []) entries.delete(old);
      known = { uid, keys: new Set() };
      configurations.set(name, known);
    }
    known.keys.add(key);
  }

  return {
    source(account, intent) {
      const key = tokenCacheKey(server, account, intent);
      const found = entries.get(key);
      if (found !== undefined) return found.source;
      const entry = create(account, intent);
      entries.set(key, entry, Number.POSITIVE_INFINITY);
      remember(intent, key);
      return entry.source;
    },
    configurationChanged(state) {
      const name = configurationKey(state);
      const keys = configurations.get(name)?.keys ?? new Set();
      for (const key of [...keys]) {
        const entry = entries.get(key);
        if (entry !== undefined && stillFits(entry.intent, state)) continue;
        entries.delete(key);
        keys.delete(key);
      }
      if (keys.size === 0) configurations.delete(name);
    },
    get size() {
      return entries.size;
    },
    close() {
      entries.close();
      configurations.clear();
    },
  };
}

/**
 * Everything a token depends on, so encoded that no two requests share a key; it holds nothing confidential. The order
 * of audiences counts, as it does in the token.
 */
export function tokenCacheKey(server: string, account: ServiceAccountReference, intent: TokenIntent): string {
  const { namespace, name } = account;
  return JSON.stringify(
    intent.mode === "attested"
      ? [
          server,
          namespace,
          name,
          intent.configuration.kind,
          intent.configuration.name,
          intent.configuration.uid,
          intent.audience,
          intent.apiGroup,
        ]
      : [server, namespace, name, intent.expirationSeconds ?? 0, intent.audiences],
  );
}

function configurationKey({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind}/${name}`;
}

function stillFits(intent: TokenIntent, { uid, audiences }: ConfigurationState): boolean {
  return (
    intent.mode === "attested" && intent.configuration.uid === uid && audiences.includes(intent.audience)
  );
}
