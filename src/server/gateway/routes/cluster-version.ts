import { createExpiringCache } from "../../../cache/expiring-cache.ts";
import { createSingleFlight } from "../../../cache/single-flight.ts";
import { type Clock, systemClock } from "../../../clock.ts";
import { askCluster, type Cluster } from "./cluster-reads.ts";

/** The cluster's version, by which clients decide what they may ask. */
export interface ClusterVersion {
  /** @throws as {@link askCluster} does. */
  version(options: { readonly signal: AbortSignal }): Promise<object>;
}

/** Whoever asks may be anybody, as often as he likes: an answer is good for a while, a failure for nobody else. */
const ttlMs = 10_000;
const key = "/version";

export function createClusterVersion(cluster: Cluster, clock: Clock = systemClock): ClusterVersion {
  const cache = createExpiringCache<object>({ maxEntries: 1, clock });
  const flights = createSingleFlight<object>();
  const read = async (): Promise<object> => {
    const { body } = await askCluster(() => cluster.request<object>({ path: key }));
    cache.set(key, body, clock.now() + ttlMs);
    return body;
  };
  return {
    async version({ signal }) {
      return cache.get(key) ?? (await flights.do(key, read, signal));
    },
  };
}
