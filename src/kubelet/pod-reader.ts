import type { Pod } from "../apis/node.ts";

/** Reads pods as the gateway itself, never as its caller. */
export interface PodReader {
  /** @throws AnswerStatusError where the API server answers with a Status, in its words: 404 for a pod that is not there. */
  pod(namespace: string, name: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<Pod>;
}
