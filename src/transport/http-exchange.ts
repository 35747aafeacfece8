import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestHttp,
} from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { CountersignError } from "../errors.ts";
import { explain } from "./explain-transport-error.ts";
import { type TLSClientOptions, tlsConnectionOptions } from "./tls-client-options.ts";

/** Idle connections go before a Go server's default of 90 s closes them under a request. */
const idleMs = 60_000;

/** Connections kept alive between exchanges; verified TLS with HTTP/1.1 only, or plain HTTP. */
export interface ConnectionPool {
  readonly secure: boolean;
  readonly verified: boolean;
  readonly agent: HttpAgent | HttpsAgent;
  close(): void;
}

export function createConnectionPool(tls: TLSClientOptions | "plain"): ConnectionPool {
  const agent =
    tls === "plain"
      ? new HttpAgent({ keepAlive: true, timeout: idleMs })
      : new HttpsAgent({ keepAlive: true, timeout: idleMs, ...tlsConnectionOptions(tls) });
  return {
    secure: tls !== "plain",
    verified: tls !== "plain" && tls.insecureSkipVerify !== true,
    agent,
    close: () => agent.destroy(),
  };
}

export interface ExchangeRequest {
  readonly pool: ConnectionPool;
  /** What is dialled. */
  readonly host: string;
  readonly port: number;
  readonly method: string;
  /** As it goes on the wire, query included. */
  readonly path: string;
  /** Names and values in turn, `Host` included, as they go on the wire. */
  readonly headers: readonly string[];
  readonly body?: Buffer | undefined;
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** Names the peer in messages. */
  readonly peer: string;
}

export interface ExchangeResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * One request and its whole answer, whatever its status. Redirects are answers like any other and are never followed.
 * @throws ERR_TRANSPORT, ERR_TRANSPORT_TIMEOUT when the time is over, and the signal's reason when it was aborted.
 */
export async function exchange(request: ExchangeRequest): Promise<ExchangeResponse> {
  const deadline = performance.now() + request.timeoutMs;
  for (;;) {
    try {
      return await attempt(request, deadline - performance.now());
    } catch (error) {
      // the peer closed a connection that had been kept for us: Go's transport tries anew then, too
      if (!(error instanceof ClosedIdle)) throw error;
    }
  }
}

/** A connection from an earlier exchange ended before the first byte of an answer. */
class ClosedIdle extends CountersignError {}

/** Over a connection of the pool, to the byte as it is said. Without its body, which `end` brings. */
export function beginRequest({
  pool,
  headers,
  ...request
}: Pick<ExchangeRequest, "pool" | "host" | "port" | "method" | "path" | "headers">): ClientRequest {
  const { host, port, method, path } = request;
  const send = pool.secure ? requestHttps : requestHttp;
  return send({ agent: pool.agent, host, port, method, path, headers: headers as string[], setHost: false });
}

function attempt(request: ExchangeRequest, timeoutMs: number): Promise<ExchangeResponse> {
  const { signal, peer } = request;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const outgoing = beginRequest(request);
    let answered = false;
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      act();
    };
    const fail = (error: unknown): void =>
      settle(() => {
        reject(error);
        outgoing.destroy();
      });
    const abort = (): void => fail(signal?.reason);
    const timer = setTimeout(
      () =>
        fail(
          new CountersignError(
            "ERR_TRANSPORT_TIMEOUT",
            `${peer} did not answer within ${request.timeoutMs} ms`,
          ),
        ),
      Math.max(0, timeoutMs),
    );
    signal?.addEventListener("abort", abort, { once: true });
    outgoing.on("error", (error: NodeJS.ErrnoException) => {
      const stale = outgoing.reusedSocket && !answered && error.code === "ECONNRESET";
      fail(
        new (stale ? ClosedIdle : CountersignError)("ERR_TRANSPORT", `${peer}: ${explain(error)}`, {
          cause: error,
        }),
      );
    });
    outgoing.on("response", (incoming) => {
      answered = true;
      collect(incoming, request).then((response) => settle(() => resolve(response)), fail);
    });
    outgoing.end(request.body);
  });
}

async function collect(incoming: IncomingMessage, request: ExchangeRequest): Promise<ExchangeResponse> {
  const { peer, maxResponseBytes } = request;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxResponseBytes)
        throw new CountersignError(
          "ERR_TRANSPORT",
          `${peer} answered with more than ${maxResponseBytes} bytes`,
        );
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof CountersignError) throw error;
    throw new CountersignError("ERR_TRANSPORT", `${peer}: the answer ended early`, { cause: error });
  }
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks, length) };
}
