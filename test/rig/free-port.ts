import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Below what systems give to outgoing connections (Linux from 32768, others from 49152), one of which could take it before it is listened on. */
const [lowest, beyond] = [20_000, 30_000];
const taken = new Set<number>();

/** A loopback port that nothing listens on, never the same twice, for programs that cannot be told to pick one and say which. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(lowest, beyond);
    if (taken.has(port) || !(await isFree(port))) continue;
    taken.add(port);
    return port;
  }
  throw new Error(`none of 100 ports between ${lowest} and ${beyond} is free`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listening = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    // every address: a listener on [::] would be passed over on 127.0.0.1 alone
    server.listen(port, () => resolve(true));
  });
  if (listening) await new Promise((resolve) => server.close(resolve));
  return listening;
}
