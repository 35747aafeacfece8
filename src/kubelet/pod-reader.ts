import type { Pod } from "../apis/node.ts";
import type { RestClient } from "../transport/rest-client.ts";
import { readOwn } from "./own-reading.ts";

/** Reads pods as the gateway itself, never as its caller. */
export interface PodReader {
  /**
   * @throws AnswerStatusError: ERR_NOT_SERVED (404), in the API server's words, for a pod that is not there; 500 for whatever
   * else, with the code of what went wrong, ERR_API_STATUS, ERR_TRANSPORT and ERR_TRANSPORT_TIMEOUT mostly. The signal's
   * reason where it was aborted.
   */
  pod(namespace: string, name: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<Pod>;
}

/** Where pods are read. */
export interface PodReaderOptions {
  readonly client: Pick<RestClient, "request">;
}

/** Every time anew: a pod moves, and a log of where it was is nobody's. */
export function createPodReader({ client }: PodReaderOptions): PodReader {
  return {
    pod: (namespace, name, { signal } = {}) =>
      readOwn<Pod>(client, ["api", "v1", "namespaces", namespace, "pods", name], signal),
  };
}
