import { lookup } from "node:dns/promises";
import { isIP, type SocketConstructorOpts, type TcpSocketConnectOpts } from "node:net";
import { type ConnectionOptions, connect, type SecureContext, type TLSSocket } from "node:tls";

/** client-go asks after 30 s of silence whether its peer is there; libuv then gives it ten tries, a second each. */
export const keepAliveProbeMs = 30_000;

/**
 * Before the next of several addresses is tried, which ends the try before it: node's 250 ms give up a node that is far away, or
 * whose first packet is lost and sent again after 1 s.
 */
const attemptTimeoutMs = 3_000;

/** Every address of a name. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

export const resolveHost: ResolveHost = async (host) =>
  (await lookup(host, { all: true })).map(({ address }) => address);

export interface KubeletDial {
  readonly host: string;
  readonly port: number;
  readonly secureContext: SecureContext;
  readonly resolve: ResolveHost;
  /** Whether our direction stays open when the peer's ends. Default: no. */
  readonly allowHalfOpen?: boolean;
  /** Those that may be dialled; throws where none may. */
  readonly admit: (addresses: readonly string[]) => Promise<readonly string[]>;
  /** Judges the peer before anything is written to it; throws where it is not who it has to be. */
  readonly verify: (socket: TLSSocket) => void;
}

/**
 * A TLS connection to one of the admitted addresses, its peer verified, HTTP/1.1 only. A name is looked up once, and what
 * is dialled is what was admitted: another answer of the name server's a moment later changes nothing. Sessions are never
 * resumed, so that every connection shows a certificate.
 */
export async function dialKubelet(dial: KubeletDial, signal: AbortSignal): Promise<TLSSocket> {
  const { host, port, secureContext, allowHalfOpen = false } = dial;
  const addresses = await unlessAborted(admittedAddresses(dial), signal);
  const options: ConnectionOptions & SocketConstructorOpts & TcpSocketConnectOpts = {
    host,
    port,
    secureContext,
    allowHalfOpen,
    ALPNProtocols: ["http/1.1"],
    // both are `verify`'s to decide, which sees the certificate whatever is wrong with it
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    // an address is verified like a name, but must not be sent as one (RFC 6066 3)
    ...(isIP(host) === 0 && { servername: host.replace(/\.$/, "") }),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: attemptTimeoutMs,
    lookup: (_name, _options, callback) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: isIP(address) })),
      ),
  };
  const socket = connect(options);
  // whoever uses it listens too, but between two users nobody does
  socket.on("error", () => undefined);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, keepAliveProbeMs);
  return secured(socket, dial, signal);
}

async function admittedAddresses({ host, resolve, admit }: KubeletDial): Promise<readonly string[]> {
  return admit(isIP(host) === 0 ? await resolve(host) : [host]);
}

/** A name server is not waited for longer than the caller waits. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function secured(socket: TLSSocket, { verify }: KubeletDial, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      signal.removeEventListener("abort", abort);
      socket.off("error", fail).off("secureConnect", judge).off("close", closed);
      act();
    };
    const fail = (error: unknown): void =>
      settle(() => {
        socket.destroy();
        reject(error);
      });
    const abort = (): void => fail(signal.reason);
    const closed = (): void => fail(Object.assign(new Error("closed"), { code: "ECONNRESET" }));
    const judge = (): void => {
      try {
        verify(socket);
      } catch (error) {
        fail(error);
        return;
      }
      settle(() => resolve(socket));
    };
    signal.addEventListener("abort", abort, { once: true });
    socket.on("error", fail).on("secureConnect", judge).on("close", closed);
  });
}
