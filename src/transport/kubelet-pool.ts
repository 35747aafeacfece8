import { Agent, type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import type { Duplex } from "node:stream";
import { keepAliveProbeMs } from "./kubelet-dial.ts";

/** Idle connections go before a kubelet's 90 s close them under a request. */
const idleMs = 60_000;
/** What a burst opened beyond this is closed when it is over: a followed log keeps its connection to itself anyway. */
const maxIdle = 8;

/** Opens a connection to a peer that has been verified. */
export type Dial = (signal: AbortSignal) => Promise<Duplex>;

export interface PoolRequest {
  readonly method: string;
  /** As it goes on the wire, query included. */
  readonly path: string;
  /** Names and values in turn, `Host` and whatever frames the body included. */
  readonly headers: readonly string[];
  readonly body?: Buffer | undefined;
  readonly signal: AbortSignal;
}

/** Kept-alive HTTP/1.1 connections to one peer under one identity, judged in one way. */
export interface KubeletPool {
  /**
   * The head of the answer, whatever its status; a redirect is an answer like any other. A GET or HEAD whose connection had
   * been kept and ends before the first byte of an answer is sent anew: the peer had closed it.
   * @throws whatever the dial or the socket reports; the signal's reason.
   */
  request(request: PoolRequest): Promise<IncomingMessage>;
  /** Closes what is idle; what is in use ends with its exchange. */
  retire(): void;
  /** Ends every connection. */
  close(): void;
}

interface DialOptions extends RequestOptions {
  readonly dialSignal: AbortSignal;
}

export function createKubeletPool(dial: Dial): KubeletPool {
  const agent = new Agent({
    keepAlive: true,
    keepAliveMsecs: keepAliveProbeMs,
    timeout: idleMs,
    maxFreeSockets: maxIdle,
  });
  agent.createConnection = (options, callback = () => undefined) => {
    dial((options as unknown as DialOptions).dialSignal).then(
      // it may have ended while nobody listened
      (socket) => (socket.destroyed ? callback(closedError(), socket) : callback(null, socket)),
      (error) => callback(error, undefined as never),
    );
    return undefined;
  };
  return {
    async request(request) {
      for (;;) {
        try {
          return await send(agent, request);
        } catch (error) {
          if (!(error instanceof StaleConnection)) throw error;
        }
      }
    },
    retire() {
      agent.maxFreeSockets = 0;
      for (const sockets of Object.values(agent.freeSockets))
        for (const socket of sockets ?? []) socket.destroy();
    },
    close: () => agent.destroy(),
  };
}

/** A connection from an earlier exchange ended before the first byte of an answer. */
class StaleConnection extends Error {}

const safeMethods = new Set(["GET", "HEAD"]);
const closedCodes = new Set(["ECONNRESET", "EPIPE"]);

function send(agent: Agent, request: PoolRequest): Promise<IncomingMessage> {
  const { method, path, headers, body, signal } = request;
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const options: DialOptions = {
      agent,
      method,
      path,
      headers: headers as string[],
      setHost: false,
      dialSignal: signal,
    };
    const outgoing = requestHttp(options);
    let readBefore = 0;
    const abort = (): void => {
      reject(signal.reason);
      outgoing.destroy();
    };
    signal.addEventListener("abort", abort, { once: true });
    outgoing.on("socket", (socket) => {
      readBefore = socket.bytesRead;
    });
    outgoing.on("error", (error: NodeJS.ErrnoException) => {
      const isStale =
        outgoing.reusedSocket &&
        outgoing.socket?.bytesRead === readBefore &&
        safeMethods.has(method) &&
        closedCodes.has(error.code ?? "");
      reject(isStale ? new StaleConnection() : error);
    });
    outgoing.on("close", () => {
      signal.removeEventListener("abort", abort);
      // an answer that nobody asked for, a switch of protocols, ends the connection without an error
      reject(closedError());
    });
    outgoing.on("response", resolve);
    outgoing.end(body);
  });
}

/** As the http module calls it. */
function closedError(): NodeJS.ErrnoException {
  return Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" });
}
