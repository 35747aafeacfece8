import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Requests that wait behind one that is being answered: more than any client means to send, a few hundred KB in all. */
const mostWaiting = 100;

const waiting = new WeakMap<Socket, number>();

/**
 * Resolves when a response has its connection, as Go's servers begin a request when the one before is over. node:http hands
 * over all that a connection brings at once, and tells a response that still waits nothing of the connection's end: what was
 * begun for it would go on for a client that has left. Never settles where the connection ends before, which is ended
 * for whoever makes too many wait.
 */
export function responseTurn(request: IncomingMessage, response: ServerResponse): Promise<void> | undefined {
  if (response.socket !== null) return undefined;
  const { socket } = request;
  const others = waiting.get(socket) ?? 0;
  if (others >= mostWaiting) socket.destroy();
  waiting.set(socket, others + 1);
  return new Promise((resolve) => {
    response.once("socket", () => {
      waiting.set(socket, waiting.get(socket)! - 1);
      resolve();
    });
  });
}
