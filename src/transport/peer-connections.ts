import { connect, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import type { Client } from "undici";
import { httpsOrigin } from "../apis/host-port.ts";
import { CountersignError } from "../errors.ts";
import { type CertificateProblem, certificateProblems, refusedFor } from "./certificate-problems.ts";
import { explain } from "./explain-transport-error.ts";
import { type TLSClientOptions, tlsConnectionOptions } from "./tls-client-options.ts";

/** Idle connections go before a Go server's default of 90 s closes them under a request. */
const idleMs = 60_000;
/** What a burst opened beyond this is closed when it is over; as many as Node's own agent keeps. */
const maxIdle = 256;

/** Whom connections go to, and as whom they are made. */
export interface PeerOptions extends TLSClientOptions {
  /** What is dialled. */
  readonly host: string;
  readonly port: number;
  /** Told of what is wrong with the peer's certificates, whether or not they were accepted. */
  readonly onCertificateProblem?: (problem: CertificateProblem) => void;
}

export interface PeerRequest {
  readonly method: string;
  /** As it goes on the wire, query included. */
  readonly path: string;
  /** Names and values in turn, `Host` included; the length is added. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** Names the peer in messages. */
  readonly peer: string;
}

export interface PeerAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: Buffer;
}

/** Kept-alive HTTP/1.1 connections over TLS to one peer under one identity. */
export interface PeerConnections {
  /**
   * One request and its whole answer, whatever its status. Redirects are answers like any other and are never followed.
   * A connection that had been kept and ends before the first byte of an answer is tried anew: the peer had closed it.
   * @throws ERR_TRANSPORT, ERR_TRANSPORT_TIMEOUT when the time is over, and the signal's reason when it was aborted.
   */
  exchange(request: PeerRequest): Promise<PeerAnswer>;
  /** Closes what is idle now, and what is in use when its exchange ends. */
  close(): void;
}

/** One exchange at a time: HTTP/1.1 has no better way. */
interface Connection {
  readonly client: Client;
  socket: TLSSocket | undefined;
  /** Since it was made. */
  hasAnswered: boolean;
}

/** undici's client for one connection, without what `request()` and `Pool` add: half of their cost for a review. */
export function createPeerConnections(options: PeerOptions): PeerConnections {
  const idle: Connection[] = [];
  const dial = createDial(options);
  let isClosed = false;

  function open(UndiciClient: typeof Client): Connection {
    const client = new UndiciClient(httpsOrigin(options), {
      allowH2: false,
      // an exchange has one deadline, from its beginning to its end
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: idleMs,
      connect: (_, callback) => {
        connection.socket = dial(callback);
      },
    });
    const connection: Connection = { client, socket: undefined, hasAnswered: false };
    client.on("disconnect", () => {
      connection.hasAnswered = false;
      const index = idle.indexOf(connection);
      if (index === -1) return;
      idle.splice(index, 1);
      destroy(connection);
    });
    return connection;
  }

  function release(connection: Connection): void {
    connection.hasAnswered = true;
    if (isClosed || idle.length >= maxIdle) destroy(connection);
    else idle.push(connection);
  }

  function exchange(request: PeerRequest): Promise<PeerAnswer> {
    const { signal, timeoutMs } = request;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const startedAt = performance.now();
    const again = (): Promise<PeerAnswer> =>
      exchange({ ...request, timeoutMs: timeoutMs - (performance.now() - startedAt) });
    if (loaded === undefined) return load().then(again);
    // the last one used first, so that those a burst has opened become idle and end
    return attempt(idle.pop() ?? open(loaded), request, release, again);
  }

  return {
    exchange,
    close() {
      isClosed = true;
      for (const connection of idle.splice(0)) destroy(connection);
    },
  };
}

let loaded: typeof Client | undefined;

/** With the first exchange, because it takes as long as many of them. */
async function load(): Promise<void> {
  loaded ??= (await import("undici")).Client;
}

/** `destroy()` of the client waits for a socket that is still being connected. */
function destroy({ client, socket }: Connection): void {
  client.destroy().catch(() => undefined);
  socket?.destroy();
}

type DialCallback = (...outcome: [error: Error, socket: null] | [error: null, socket: TLSSocket]) => void;

function createDial(peer: PeerOptions): (callback: DialCallback) => TLSSocket {
  const { host, port, onCertificateProblem, ...tls } = peer;
  // parsing the CA takes milliseconds
  let secureContext: SecureContext | undefined;
  return (callback) => {
    const options = tlsConnectionOptions(tls);
    secureContext ??= createSecureContext(options);
    const socket = connect({ ...options, host, port, secureContext });
    socket.setNoDelay(true);
    const fail = (error: Error): void => {
      if (onCertificateProblem !== undefined) refusedFor(error).forEach(onCertificateProblem);
      callback(error, null);
    };
    socket.once("error", fail);
    socket.once("secureConnect", () => {
      socket.removeListener("error", fail);
      if (onCertificateProblem !== undefined) certificateProblems(socket).forEach(onCertificateProblem);
      callback(null, socket);
    });
    return socket;
  };
}

/** What a connection says that was closed at the other end. */
const closedCodes = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

function attempt(
  connection: Connection,
  request: PeerRequest,
  release: (connection: Connection) => void,
  again: () => Promise<PeerAnswer>,
): Promise<PeerAnswer> {
  const { method, path, body, maxResponseBytes, peer } = request;
  const wasKept = connection.hasAnswered;
  const chunks: Buffer[] = [];
  let length = 0;
  let status = 0;
  let retryAfter: string | undefined;
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      limits.lift();
      // before the connection is closed, which is answered with an error of its own
      reject(error);
      destroy(connection);
    };
    const limits = limit(request, fail);
    const { client } = connection;
    client.dispatch(
      { method: method as "POST", path, headers: request.headers as string[], body },
      {
        onRequestStart: () => undefined,
        onResponseStart(_, code, headers) {
          status = code;
          retryAfter = headers["retry-after"]?.toString();
        },
        onResponseData(_, chunk) {
          length += chunk.length;
          if (length > maxResponseBytes) fail(tooLong(request));
          else chunks.push(chunk);
        },
        onResponseEnd() {
          limits.lift();
          release(connection);
          resolve({ status, retryAfter, body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) });
        },
        onResponseError(_, error: NodeJS.ErrnoException) {
          const isStale = wasKept && status === 0 && closedCodes.has(error.code ?? "");
          if (isStale && !limits.areLifted()) resolve(again());
          fail(failureOf(error, peer, status > 0));
        },
      },
    );
  });
}

/** What ends an exchange before its answer. */
interface Limits {
  lift(): void;
  areLifted(): boolean;
}

function limit(request: PeerRequest, fail: (error: unknown) => void): Limits {
  const { timeoutMs, signal } = request;
  let lifted = false;
  const abort = (): void => fail(signal?.reason);
  // in whole milliseconds: Node keeps a list of timers for every duration there is
  const timer = setTimeout(() => fail(tooLate(request)), Math.max(0, Math.ceil(timeoutMs)));
  signal?.addEventListener("abort", abort, { once: true });
  return {
    lift() {
      lifted = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    },
    areLifted: () => lifted,
  };
}

function failureOf(cause: NodeJS.ErrnoException, peer: string, hasBegun: boolean): CountersignError {
  const reason = hasBegun ? "the answer ended early" : explain(cause);
  return new CountersignError("ERR_TRANSPORT", `${peer}: ${reason}`, { cause });
}

function tooLate({ peer, timeoutMs }: PeerRequest): CountersignError {
  const text = `${peer} did not answer within ${Math.round(timeoutMs)} ms`;
  return new CountersignError("ERR_TRANSPORT_TIMEOUT", text);
}

function tooLong({ peer, maxResponseBytes }: PeerRequest): CountersignError {
  return new CountersignError("ERR_TRANSPORT", `${peer} answered with more than ${maxResponseBytes} bytes`);
}
