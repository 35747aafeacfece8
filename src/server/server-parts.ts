import { type KeyPair, loadKeyPair } from "../certificates/key-pair.ts";
import { createLastGood, type LastGood } from "../certificates/last-good.ts";
import type { Clock } from "../clock.ts";
import type { ServerConfiguration } from "../configuration/server-configuration.ts";
import type { ClusterConnection } from "../transport/cluster-connection.ts";
import type { AdmissionRoute } from "./admission-route.ts";
import { loadClientCAs } from "./client-cas.ts";
import { createClusterAccess } from "./cluster-access.ts";
import { createConfiguredRoute } from "./configured-routes.ts";
import { createIssuers, type Issuers } from "./issuers.ts";
import { loadRoutePolicies } from "./route-policies.ts";
import type { TLSMaterial } from "./webhook-listener.ts";

export interface ServerPartsOptions {
  readonly configuration: ServerConfiguration;
  readonly cluster: (() => Promise<ClusterConnection>) | undefined;
  readonly clock: Clock;
  /** Called when certificate, key or a client CA were read again. */
  readonly onTLSReload: () => void;
}

/** All that a configuration names, loaded and kept fresh. */
export interface ServerParts {
  readonly routes: readonly AdmissionRoute[];
  readonly issuers: Issuers;
  readonly keyPair: LastGood<KeyPair>;
  tls(): TLSMaterial;
  close(): Promise<void>;
}

/** @throws ERR_CERTIFICATE_INVALID, ERR_POLICY_INVALID, ERR_CONFIGURATION, ERR_KUBECONFIG; what was begun is ended then. */
export async function loadServerParts(options: ServerPartsOptions): Promise<ServerParts> {
  const closers: (() => unknown)[] = [];
  const keep = async <T extends { close(): unknown }>(loading: Promise<T>): Promise<T> => {
    const part = await loading;
    closers.push(() => part.close());
    return part;
  };
  const close = async (): Promise<void> => {
    await Promise.all(closers.splice(0).map((closePart) => closePart()));
  };
  try {
    return { ...(await loadAll(options, keep)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Keep = <T extends { close(): unknown }>(loading: Promise<T>) => Promise<T>;

async function loadAll(options: ServerPartsOptions, keep: Keep): Promise<Omit<ServerParts, "close">> {
  const { configuration, clock, onTLSReload } = options;
  const { webhooks, tls } = configuration;
  const access = await keep(Promise.resolve(createClusterAccess(options.cluster)));
  const [keyPair, clientCAs, issuers, tokenReviews, policies] = await allSettled([
    keep(loadServingPair(configuration, onTLSReload)),
    keep(loadClientCAs(clientCAFiles(configuration), onTLSReload)),
    keep(createIssuers({ configurations: configuration.issuers, cluster: access.restClient, clock })),
    asksForReviews(configuration) ? access.tokenReviews() : undefined,
    allSettled(webhooks.map((webhook) => keep(loadRoutePolicies(webhook)))),
  ]);
  const shared = { configuration, clock, clientCAs, tokenReviews, issuers: issuers.list };
  return {
    keyPair,
    issuers,
    routes: webhooks.map((webhook, index) =>
      createConfiguredRoute(webhook, { ...shared, policies: policies[index]! }),
    ),
    tls: () => ({ keyPair: keyPair.current, clientCAs: clientCAs.all, minVersion: tls.minVersion }),
  };
}

/** Like `Promise.all`, but what is still loading when one fails has been loaded, and can be closed, when it rejects. */
async function allSettled<const T extends readonly unknown[]>(
  work: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

function loadServingPair({ tls }: ServerConfiguration, onReload: () => void): Promise<LastGood<KeyPair>> {
  const { certFile, keyFile } = tls;
  const load = (): Promise<KeyPair> => loadKeyPair({ certFile, keyFile });
  return createLastGood({ what: "certificate", files: [certFile, keyFile], load, onReload });
}

function clientCAFiles({ webhooks }: ServerConfiguration): string[] {
  return webhooks.flatMap(({ authentication }) => authentication.clientCertificates?.caFile ?? []);
}

function asksForReviews({ webhooks }: ServerConfiguration): boolean {
  return webhooks.some(({ authentication }) => authentication.tokenReview !== undefined);
}
