import type { Node } from "../apis/node.ts";
import { createExpiringCache } from "../cache/expiring-cache.ts";
import { createSingleFlight } from "../cache/single-flight.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { RestClient } from "../transport/rest-client.ts";
import { readOwn } from "./own-reading.ts";

/** Finds nodes by name. */
export interface NodeSource {
  /**
   * @throws AnswerStatusError: ERR_NOT_SERVED (404), in the API server's words, for a node that is not there; 500 for whatever
   * else, with the code of what went wrong, ERR_API_STATUS, ERR_TRANSPORT and ERR_TRANSPORT_TIMEOUT mostly. The signal's
   * reason where it was aborted.
   */
  node(name: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<Node>;
}

/** Where nodes are read, and for how long they are kept. */
export interface NodeSourceOptions {
  readonly client: Pick<RestClient, "request">;
  /** For how long a node is believed to be as it was. Default 10 s. */
  readonly ttlMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

const defaultTtlMs = 10_000;
/** Kubernetes' largest clusters have 5 000 nodes; one is a few kilobytes. */
const maxNodes = 10_000;

/** Reads nodes as the gateway itself, each at most once in `ttlMs`, however many ask. A failure is never remembered. */
export function createNodeSource(options: NodeSourceOptions): NodeSource {
  const { client, ttlMs = defaultTtlMs, clock = systemClock } = options;
  const cache = createExpiringCache<Node>({ maxEntries: maxNodes, clock });
  const flights = createSingleFlight<Node>();

  async function read(name: string): Promise<Node> {
    const askedAt = clock.now();
    const node = await readOwn<Node>(client, ["api", "v1", "nodes", name]);
    cache.set(name, node, askedAt + ttlMs);
    return node;
  }

  return {
    async node(name, { signal } = {}) {
      return cache.get(name) ?? (await flights.do(name, () => read(name), signal));
    },
  };
}
