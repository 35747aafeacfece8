import { type IncomingMessage, request as requestHttp } from "node:http";
import type { Duplex } from "node:stream";
import type { PoolRequest } from "./kubelet-pool.ts";

/** The peer speaks the other protocol from here on. */
export interface UpgradedConnection {
  readonly response: IncomingMessage;
  readonly socket: Duplex;
  /** What came right behind the head. */
  readonly head: Buffer;
}

/**
 * Asks for another protocol on a connection that is used for nothing else. Comes back with the connection where the peer
 * agrees, and with its answer where it does not.
 * @throws what the socket reports; the signal's reason.
 */
export function upgradeConnection(
  socket: Duplex,
  { method, path, headers, signal }: Omit<PoolRequest, "body">,
): Promise<UpgradedConnection | IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = requestHttp({
      method,
      path,
      headers: headers as string[],
      setHost: false,
      createConnection: () => socket,
    });
    const abort = (): void => {
      reject(signal.reason);
      socket.destroy();
    };
    signal.addEventListener("abort", abort, { once: true });
    socket.once("close", () => {
      signal.removeEventListener("abort", abort);
      reject(Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" }));
    });
    outgoing.on("error", reject);
    outgoing.on("upgrade", (response, upgraded: Duplex, head) =>
      resolve({ response, socket: upgraded, head }),
    );
    outgoing.on("response", resolve);
    outgoing.end();
  });
}
