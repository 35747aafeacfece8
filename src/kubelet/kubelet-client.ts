import type { IncomingMessage } from "node:http";
import type { Node } from "../apis/node.ts";

/** How a kubelet's serving certificate is looked at. The two never share a connection. */
export type KubeletTransport = "verified" | "insecure";

export interface KubeletExchange {
  /** As the API server has it: who asks names a node, never an address. */
  readonly node: Node;
  readonly transport: KubeletTransport;
  readonly method: string;
  /** Path and query, byte for byte as they go on the wire. */
  readonly path: string;
  /** Names and values in turn; `Host` is added. No credential: the client certificate is the only one a kubelet is shown. */
  readonly headers: readonly string[];
  readonly body?: Buffer;
  readonly signal?: AbortSignal;
}

/** The head of a kubelet's answer; `body` is read by whoever asked, at its own pace, and ends the connection where it is destroyed. */
export interface KubeletAnswer {
  readonly status: number;
  readonly body: IncomingMessage;
}

/** Reaches kubelets. */
export interface KubeletClient {
  /**
   * One request; redirects are never followed, whatever the answer's status.
   * @throws ERR_KUBELET_ADDRESS, ERR_KUBELET_CERTIFICATE, ERR_KUBELET_UNREACHABLE, and the signal's reason.
   */
  exchange(request: KubeletExchange): Promise<KubeletAnswer>;
  close(): void;
}
