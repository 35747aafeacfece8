import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** A connection that is to speak another protocol, and what its client has sent of that already. */
export interface UpgradableConnection {
  readonly socket: Duplex;
  readonly head: Buffer;
}

const connections = new WeakMap<ServerResponse, UpgradableConnection>();

/**
 * A response for a request of node:http's `upgrade` event, to be answered as any other while it is not granted: the
 * connection ends with that answer. Undefined, and the connection gone, where an earlier request on it has no answer yet.
 */
export function createUpgradableResponse(
  request: IncomingMessage,
  { socket, head }: UpgradableConnection,
): ServerResponse | undefined {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  // node:http has taken its own listener away
  socket.on("error", () => undefined);
  try {
    // it is the connection's TLSSocket, whatever the event declares
    response.assignSocket(socket as Socket);
  } catch {
    // two answers cannot be on their way over it: node:http throws, and nobody would catch that
    socket.destroy();
    return undefined;
  }
  response.once("finish", () => endThenClose(socket));
  connections.set(response, { socket, head });
  return response;
}

/** How long a client that was refused may leave its side open: nothing of node:http looks after the connection any more. */
const lingerMs = 1000;

/** Whatever still comes is dropped. */
function endThenClose(socket: Duplex): void {
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  socket.once("close", () => clearTimeout(timer));
  socket.resume().end();
}

/** Whether a response's connection can be taken. */
export function isUpgradable(response: ServerResponse): boolean {
  return connections.has(response);
}

/** Takes the connection from a response that has not begun, which is closed by that. */
export function takeConnection(response: ServerResponse): UpgradableConnection | undefined {
  const connection = connections.get(response);
  if (connection === undefined || response.headersSent) return undefined;
  connections.delete(response);
  response.statusCode = 101;
  response.detachSocket(connection.socket as Socket);
  return connection;
}
