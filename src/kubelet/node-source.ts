import type { Node } from "../apis/node.ts";

/** Finds nodes by name. */
export interface NodeSource {
  /** @throws AnswerStatusError where the API server answers with a Status, in its words: 404 for a node that is not there. */
  node(name: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<Node>;
}
