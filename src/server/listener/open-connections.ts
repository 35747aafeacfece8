import type { Server, Socket } from "node:net";

/** Every connection of a listener, those included that have not finished their TLS handshake. */
export interface OpenConnections {
  /** Gives how many that were. */
  destroyAll(): number;
  /** Those over which nothing has come, or nothing since their handshake: no request can be lost with them. */
  destroySilent(): void;
  /** From now on those that are open are {@link isOutdated}. */
  outdate(): void;
  isOutdated(socket: Socket): boolean;
}

interface OpenConnection {
  readonly peer: string;
  /** What speaks HTTP over it, once its handshake is done. */
  secure?: Socket;
}

/** Follows a listener from before it listens: Node itself knows nothing of whoever has shown no HTTP yet. */
export function trackConnections(server: Server): OpenConnections {
  const open = new Map<Socket, OpenConnection>();
  const byPeer = new Map<string, OpenConnection>();
  const outdated = new Set<string>();
  server.on("connection", (socket: Socket) => {
    const connection: OpenConnection = { peer: peerOf(socket) };
    open.set(socket, connection);
    byPeer.set(connection.peer, connection);
    socket.once("close", () => {
      open.delete(socket);
      byPeer.delete(connection.peer);
      outdated.delete(connection.peer);
    });
  });
  server.on("secureConnection", (secure: Socket) => {
    const connection = byPeer.get(peerOf(secure));
    if (connection !== undefined) connection.secure = secure;
  });
  return {
    destroyAll() {
      const count = open.size;
      for (const socket of open.keys()) socket.destroy();
      return count;
    },
    destroySilent() {
      for (const [socket, { secure = socket }] of open) if (secure.bytesRead === 0) socket.destroy();
    },
    outdate() {
      for (const { peer } of open.values()) outdated.add(peer);
    },
    isOutdated: (socket) => outdated.size > 0 && outdated.has(peerOf(socket)),
  };
}

/** A request has the TLS socket, a listener's connection is the socket below it: who is at the other end is the same. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
