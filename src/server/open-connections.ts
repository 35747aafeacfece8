import type { Server, Socket } from "node:net";

/** Every connection of a listener, those included that have not finished their TLS handshake. */
export interface OpenConnections {
  /** Gives how many that were. */
  destroyAll(): number;
  /** From now on those that are open are {@link isOutdated}. */
  outdate(): void;
  isOutdated(socket: Socket): boolean;
}

/** Follows a listener from before it listens: Node itself knows nothing of whoever has shown no HTTP yet. */
export function trackConnections(server: Server): OpenConnections {
  const open = new Map<Socket, string>();
  const outdated = new Set<string>();
  server.on("connection", (socket: Socket) => {
    const peer = peerOf(socket);
    open.set(socket, peer);
    socket.once("close", () => {
      open.delete(socket);
      outdated.delete(peer);
    });
  });
  return {
    destroyAll() {
      const count = open.size;
      for (const socket of open.keys()) socket.destroy();
      return count;
    },
    outdate() {
      for (const peer of open.values()) outdated.add(peer);
    },
    isOutdated: (socket) => outdated.size > 0 && outdated.has(peerOf(socket)),
  };
}

/** A request has the TLS socket, a listener's connection is the socket below it: who is at the other end is the same. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
