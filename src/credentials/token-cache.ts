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

/** Whom tokens are asked from, and how many are kept. */
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
  const { server, maxEntries = defaultMaxEntries, clock = systemClock } = options;
  const entries = createExpiringCache<Entry>({ maxEntries, clock });
  const keys = createConfigurationKeys();

  return {
    source(account, intent) {
      const key = tokenCacheKey(server, account, intent);
      const found = entries.get(key);
      if (found !== undefined) return found.source;
      const source = createSource(options, account, intent);
      entries.set(key, { intent, source }, Number.POSITIVE_INFINITY);
      for (const replaced of keys.add(intent, key)) entries.delete(replaced);
      return source;
    },
    configurationChanged(state) {
      const fits = (key: string): boolean => {
        const entry = entries.get(key);
        return entry !== undefined && stillFits(entry.intent, state);
      };
      for (const dropped of keys.dropUnless(state, fits)) entries.delete(dropped);
    },
    get size() {
      return entries.size;
    },
    close() {
      entries.close();
      keys.clear();
    },
  };
}

function createSource(
  { client, onRefreshError, clock = systemClock }: TokenCacheOptions,
  serviceAccount: ServiceAccountReference,
  intent: TokenIntent,
): CachedTokenSource {
  const request = createTokenRequestSource({ client, serviceAccount, intent, clock });
  // an admission request must not wait for the same refusal again and again
  const source = createPacedTokenSource(request, clock);
  return createCachedTokenSource({
    source,
    clock,
    ...(onRefreshError === undefined ? {} : { onRefreshError }),
  });
}

/** Which keys there are of each webhook configuration. */
interface ConfigurationKeys {
  /** Adds one and gives those back that can never be used again: of another uid of the same configuration. */
  add(intent: TokenIntent, key: string): readonly string[];
  dropUnless(state: ConfigurationState, fits: (key: string) => boolean): readonly string[];
  clear(): void;
}

function createConfigurationKeys(): ConfigurationKeys {
  const known = new Map<string, { readonly uid: string; readonly keys: Set<string> }>();
  return {
    add(intent, key) {
      if (intent.mode !== "attested") return [];
      const { uid } = intent.configuration;
      const name = configurationKey(intent.configuration);
      const before = known.get(name);
      const same = before?.uid === uid;
      known.set(name, { uid, keys: same ? before.keys.add(key) : new Set([key]) });
      return same ? [] : [...(before?.keys ?? [])];
    },
    dropUnless(state, fits) {
      const name = configurationKey(state);
      const keys = known.get(name)?.keys ?? new Set<string>();
      const dropped = [...keys].filter((key) => !fits(key));
      for (const key of dropped) keys.delete(key);
      if (keys.size === 0) known.delete(name);
      return dropped;
    },
    clear: () => known.clear(),
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
