import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { AnswerStatusError } from "../apis/answer-status.ts";
import { httpsOrigin } from "../apis/host-port.ts";
import type { Node } from "../apis/node.ts";
import { diagnosticsChannel, type KubeletMessage } from "../diagnostics.ts";
import { CountersignError, errorCodeOf, errorMessageOf } from "../errors.ts";
import { type UpgradedConnection, upgradeConnection } from "../transport/kubelet-upgrade.ts";
import { type ConnectionInfoOptions, connectionInfo } from "./connection-info.ts";
import { createExchangeLimits } from "./exchange-limits.ts";
import { connectionFailure, type KubeletPeer, timeoutFailure } from "./kubelet-connection-error.ts";
import { createKubeletDials, type KubeletDialsOptions } from "./kubelet-dials.ts";
import { exchangeHeaders, upgradeHeaders } from "./kubelet-headers.ts";
import { createKubeletIdentity, type KubeletIdentityOptions } from "./kubelet-identity.ts";
import { createKubeletPools } from "./kubelet-pools.ts";
import type { KubeletTransport } from "./kubelet-transport.ts";

/** One request to a node's kubelet. */
export interface KubeletExchange {
  /** As the API server has it: who asks names a node, never an address. */
  readonly node: Node;
  readonly transport: KubeletTransport;
  readonly method: string;
  /** Path and query, byte for byte as they go on the wire; begins with a slash. */
  readonly path: string;
  /** Names and values in turn; of these `Accept`, `Accept-Encoding` and `User-Agent` go on, and with a body `Content-Type`. */
  readonly headers: readonly string[];
  readonly body?: Buffer | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The head of a kubelet's answer; `body` is read by whoever asked, at its own pace, and ends the connection where it is destroyed. */
export interface KubeletAnswer {
  readonly status: number;
  /** `https://host:port` that was asked, for messages. */
  readonly origin: string;
  readonly body: IncomingMessage;
}

/** A request that the kubelet speak another protocol from here on; never over an unverified connection. */
export type KubeletUpgrade = Omit<KubeletExchange, "transport" | "body">;

/** The kubelet speaks the other protocol now, on a connection that is nobody else's. */
export interface UpgradedKubelet {
  readonly status: 101;
  /** Names and values in turn, as they came. */
  readonly headers: readonly string[];
  readonly socket: Duplex;
  /** What came right behind the head. */
  readonly head: Buffer;
}

/** Reaches kubelets. */
export interface KubeletClient {
  /**
   * One request; redirects are never followed, whatever the answer's status.
   * @throws ERR_KUBELET_ADDRESS, ERR_KUBELET_CERTIFICATE, ERR_KUBELET_UNREACHABLE, ERR_REQUEST_PATH, and the signal's
   * reason.
   */
  exchange(request: KubeletExchange): Promise<KubeletAnswer>;
  /**
   * The same on a connection of its own, which is the caller's if the kubelet agrees; otherwise its answer. Of the headers
   * those of an upgrade go on as well.
   * @throws as {@link exchange} does, and ERR_REQUEST_INVALID for any other protocol, or more than one.
   */
  upgrade(request: KubeletUpgrade): Promise<UpgradedKubelet | KubeletAnswer>;
  /** Ends every connection. */
  close(): void;
}

/** How kubelets are found, met and judged. */
export interface KubeletClientOptions
  extends KubeletIdentityOptions,
    ConnectionInfoOptions,
    KubeletDialsOptions {
  /** From the dial to the head of the answer. Default 30 s. */
  readonly timeoutMs?: number | undefined;
}

const kubeletChannel = diagnosticsChannel("countersign:kubelet");
const defaultTimeoutMs = 30_000;

/**
 * A client for all of a cluster's kubelets. It shows them its client certificate and no other credential; it dials only
 * where `addressTypes`, `ports`, `addressRanges` and `apiServers` let it, at the very address that was judged; a verified
 * connection writes nothing before its peer has shown the node's own certificate, and an insecure one is never used in its
 * place. Connections are kept for a minute, for each node, identity and transport apart.
 * @throws ERR_KUBELET_ADDRESS for a range that is no CIDR.
 */
export function createKubeletClient(options: KubeletClientOptions): KubeletClient {
  const { timeoutMs = defaultTimeoutMs } = options;
  const identity = createKubeletIdentity(options);
  const dials = createKubeletDials(options);
  const pools = createKubeletPools();
  const limits = createExchangeLimits(timeoutMs);

  /** Within the limits, and in the words of whoever reads the failure. */
  async function reach<T extends Reached>(
    { node, path, signal }: Pick<KubeletExchange, "node" | "path" | "signal">,
    send: (peer: KubeletPeer, signal: AbortSignal) => Promise<T>,
  ): Promise<{ readonly reached: T; readonly origin: string }> {
    // a whole URL, or `*`, would be another request than the one that was looked at
    if (!path.startsWith("/"))
      throw new CountersignError("ERR_REQUEST_PATH", "a kubelet's path begins with /");
    const peer = { nodeName: node.metadata.name, ...connectionInfo(node, options) };
    const limit = limits.begin(signal, () => timeoutFailure(peer, timeoutMs));
    try {
      const reached = await send(peer, limit.signal);
      limit.answered("response" in reached ? reached.socket : reached);
      return { reached, origin: httpsOrigin(peer) };
    } catch (error) {
      limit.lift();
      if (limit.signal.aborted) throw limit.signal.reason;
      throw error instanceof CountersignError ? error : connectionFailure(peer, error as Error);
    }
  }

  return {
    async exchange(request) {
      const { transport, method, path, body } = request;
      const { reached, origin } = await observed(request, transport, () =>
        reach(request, (peer, signal) => {
          const target = { peer, transport, identity: identity() };
          const pool = pools.get(target, dials.to(target));
          return pool.request({ method, path, headers: exchangeHeaders(peer, request), body, signal });
        }),
      );
      return { status: reached.statusCode ?? 0, origin, body: reached };
    },
    async upgrade(request) {
      const { method, path } = request;
      const { reached, origin } = await observed(request, "verified", () =>
        reach<Reached>(request, async (peer, signal) => {
          const headers = upgradeHeaders(peer, request);
          const target = { peer, transport: "verified", identity: identity(), allowHalfOpen: true } as const;
          const socket = await dials.to(target)(signal);
          return upgradeConnection(socket, { method, path, headers, signal });
        }),
      );
      if (!("response" in reached)) return { status: reached.statusCode ?? 0, origin, body: reached };
      const { response, socket, head } = reached;
      return { status: 101, headers: response.rawHeaders, socket, head };
    },
    close() {
      limits.close(closedError());
      pools.close();
      dials.close();
    },
  };
}

/** While the gateway goes, or is given other kubelets. */
function closedError(): CountersignError {
  return new AnswerStatusError("ERR_KUBELET_UNREACHABLE", {
    ...{ code: 503, reason: "ServiceUnavailable", message: "connections to kubelets are closed" },
  });
}

type Reached = IncomingMessage | UpgradedConnection;

/** Tells whoever counts; a caller that gave up is nobody's failure. */
async function observed<T extends { readonly reached: Reached }>(
  { node, signal }: Pick<KubeletExchange, "node" | "signal">,
  transport: KubeletTransport,
  reach: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  const publish = (outcome: Pick<KubeletMessage, "outcome" | "status" | "code" | "detail">): void => {
    const durationMs = performance.now() - startedAt;
    kubeletChannel.publish({ node: node.metadata.name, transport, durationMs, ...outcome });
  };
  try {
    const answer = await reach();
    const { reached } = answer;
    const { statusCode: status = 0 } = "response" in reached ? reached.response : reached;
    publish({ outcome: "answered", status });
    return answer;
  } catch (error) {
    if (signal?.aborted !== true)
      publish({ outcome: "failed", code: errorCodeOf(error), detail: errorMessageOf(error) });
    throw error;
  }
}
