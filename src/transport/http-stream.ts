import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { CountersignError } from "../errors.ts";
import { explain } from "./explain-transport-error.ts";
import { beginRequest, type ExchangeRequest } from "./http-exchange.ts";

/** client-go asks after 30 s of silence whether its peer is there; libuv then gives it ten tries, a second each. */
const keepAliveProbeMs = 30_000;

/** As an exchange, but `timeoutMs` bounds only the wait for the head of the answer. */
export type StreamRequest = Omit<ExchangeRequest, "maxResponseBytes">;

/** The head of an answer whose body has not been read. */
export interface StreamResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /**
   * The bytes as they come. Whoever stops reading closes the connection.
   * @throws ERR_TRANSPORT where the answer breaks off, and the signal's reason when it was aborted.
   */
  readonly body: AsyncIterable<Buffer>;
}

/**
 * One request, and an answer that goes on as long as its peer wants. Redirects are never followed.
 * @throws ERR_TRANSPORT, ERR_TRANSPORT_TIMEOUT when no answer has begun in time, and the signal's reason when it was aborted.
 */
export function openStream(request: StreamRequest): Promise<StreamResponse> {
  const { signal, peer, timeoutMs } = request;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const outgoing = beginRequest(request);
    // a peer that is gone without a word would otherwise be listened to for ever
    outgoing.on("socket", (socket) => socket.setKeepAlive(true, keepAliveProbeMs));
    let ended = false;
    const fail = (error: unknown): void => {
      ended = true;
      clearTimeout(timer);
      reject(error);
      outgoing.destroy();
    };
    const timer = setTimeout(() => {
      fail(new CountersignError("ERR_TRANSPORT_TIMEOUT", `${peer} did not answer within ${timeoutMs} ms`));
    }, timeoutMs);
    const abort = (): void => fail(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    outgoing.on("error", (cause: NodeJS.ErrnoException) => {
      // a connection that we have ended says the same as one that the peer had closed
      if (ended) return;
      // the peer had closed a connection that was kept for us
      if (outgoing.reusedSocket && cause.code === "ECONNRESET") resolve(openStream(request));
      fail(new CountersignError("ERR_TRANSPORT", `${peer}: ${explain(cause)}`, { cause }));
    });
    outgoing.on("close", () => signal?.removeEventListener("abort", abort));
    outgoing.on("response", (incoming) => {
      clearTimeout(timer);
      const { statusCode: status = 0, headers } = incoming;
      resolve({ status, headers, body: read(incoming, request) });
    });
    outgoing.end(request.body);
  });
}

async function* read(incoming: IncomingMessage, { peer, signal }: StreamRequest): AsyncGenerator<Buffer> {
  try {
    yield* incoming as AsyncIterable<Buffer>;
  } catch (cause) {
    signal?.throwIfAborted();
    throw new CountersignError("ERR_TRANSPORT", `${peer}: the answer broke off`, { cause });
  }
}
