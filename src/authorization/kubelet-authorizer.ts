import type { AnswerStatus } from "../apis/answer-status.ts";
import type { UserInfo } from "../apis/authentication.ts";

/** A request for a kubelet, before it is sent. */
export interface KubeletRequest {
  readonly nodeName: string;
  readonly method: string;
  /** The path at the kubelet, byte for byte as it will be sent; without its query. */
  readonly path: string;
}

/** Whether the request may be sent, and if not, what the caller is answered. */
export type KubeletDecision =
  /** `subresource`: the node's that the user has leave for, e.g. `metrics`. */
  | { readonly decision: "allow"; readonly subresource: string }
  /** `candidates`: the node subresources that were asked about, or the one thing that was missing; `status` is the 403. */
  | { readonly decision: "refuse"; readonly candidates: readonly string[]; readonly status: AnswerStatus };

/** Says whether somebody may make a request of a kubelet. Not to be able to say so is a throw. */
export interface KubeletAuthorizer {
  authorize(
    user: UserInfo,
    request: KubeletRequest,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<KubeletDecision>;
}
