import type { AddressInfo, Server } from "node:net";
import { CountersignError } from "../errors.ts";

export interface ListenAddress {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

/**
 * Listens, and gives the port. `::` falls back to `0.0.0.0` on a machine without IPv6.
 * @throws ERR_CONFIGURATION naming an address that cannot be had.
 */
export async function listen(server: Server, { host, port }: ListenAddress): Promise<number> {
  try {
    return await listenOn(server, host, port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (host === "::" && code === "EAFNOSUPPORT") return listen(server, { host: "0.0.0.0", port });
    throw new CountersignError("ERR_CONFIGURATION", `cannot listen on ${host} port ${port} (${code})`, {
      cause: error,
    });
  }
}

function listenOn(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
