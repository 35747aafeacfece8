import { createIssuer } from "../../authentication/issuer-keys.ts";
import type { KeySource, TokenIssuer } from "../../authentication/token-issuer.ts";
import { watchFiles } from "../../certificates/file-watcher.ts";
import type { Clock } from "../../clock.ts";
import type { IssuerConfiguration } from "../../configuration/server-configuration.ts";
import type { RestClient } from "../../transport/rest-client.ts";
import { createJWKSFileSource } from "./jwks-file-source.ts";

export interface IssuersOptions {
  readonly configurations: readonly IssuerConfiguration[];
  /** The API server whose keys an issuer without a URL has; asked for only where there is one. */
  readonly cluster: () => Promise<RestClient>;
  readonly clock: Clock;
}

/** The configured issuers, their keys kept fresh. */
export interface Issuers {
  readonly list: readonly TokenIssuer[];
  close(): void;
}

/** Often enough that a withdrawn key is gone in minutes, also where nobody calls. */
const refreshIntervalMs = 300_000;

/** Makes the configured issuers and begins to fetch their keys, without waiting for them: the listener need not. */
export async function createIssuers({ configurations, ...options }: IssuersOptions): Promise<Issuers> {
  const kept = await Promise.all(configurations.map((configuration) => keepIssuer(configuration, options)));
  return {
    list: kept.map(({ issuer }) => issuer),
    close() {
      for (const { close } of kept) close();
    },
  };
}

/** One issuer, whose keys are refreshed until it is closed. */
export interface KeptIssuer {
  readonly issuer: TokenIssuer;
  close(): void;
}

/** The same for one of them. */
export async function keepIssuer(
  configuration: IssuerConfiguration,
  options: Omit<IssuersOptions, "configurations">,
): Promise<KeptIssuer> {
  const { name, url, jwksFile } = configuration;
  const keys = await keySource(configuration, options);
  let fetches = 0;
  const source: KeySource = {
    fetchKeys(call) {
      fetches += 1;
      return keys.fetchKeys(call);
    },
  };
  const issuer = createIssuer({
    name,
    source,
    clock: options.clock,
    ...(url !== undefined && { issuer: url }),
    // a file on this machine is the last good value itself: it does not grow stale
    ...(jwksFile !== undefined && { staleMs: Number.POSITIVE_INFINITY }),
  });
  // failures are published as `countersign:keys`
  const refresh = (): Promise<void> => issuer.refresh().catch(() => undefined);
  const stopped = new AbortController();
  const onChange = async (): Promise<void> => {
    const before = fetches;
    await refresh();
    // it joined one that may have read what the file was before
    if (fetches === before) await refresh();
  };
  // before anything is read: a change in between is then seen, not lost
  const watcher = jwksFile === undefined ? undefined : await watchFiles({ files: [jwksFile], onChange });
  issuer.start({ signal: stopped.signal }).catch(() => undefined);
  const timer = setInterval(
    () => void refresh(),
    refreshIntervalMs * (0.9 + options.clock.random() / 5),
  ).unref();
  return {
    issuer,
    close() {
      stopped.abort();
      clearInterval(timer);
      watcher?.close();
    },
  };
}

async function keySource(
  configuration: IssuerConfiguration,
  options: Pick<IssuersOptions, "cluster">,
): Promise<KeySource> {
  const { url, caFile, jwksFile } = configuration;
  if (url !== undefined && jwksFile !== undefined)
    return createJWKSFileSource({ issuer: url, file: jwksFile });
  const { createClusterKeySource, createRemoteKeySource } = await import("../../transport/key-sources.ts");
  if (url === undefined) return createClusterKeySource(await options.cluster());
  return createRemoteKeySource({ issuerUrl: url, ...(caFile !== undefined && { caFile }) });
}
