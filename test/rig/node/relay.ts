import { connect, createServer, type ListenOptions, type Socket, type TcpNetConnectOpts } from "node:net";

export interface Relay {
  close(): Promise<void>;
}

/**
 * Passes connections on. A Unix socket is the one kind that crosses network namespaces, so two of these, one on each side, bring a
 * port of the node to the host. Imports nothing, because the one inside runs from a copy.
 */
export async function startRelay(
  listen: ListenOptions,
  target: TcpNetConnectOpts | { readonly path: string },
): Promise<Relay> {
  const open = new Set<Socket>();
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    socket.on("error", () => undefined);
  };
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ ...target, allowHalfOpen: true });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      keep(socket);
      socket.once("error", () => other.destroy());
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(listen, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
