import type { Server } from "node:net";
import { setTimeout as delay, setImmediate as nextPoll } from "node:timers/promises";
import type { OpenConnections } from "./open-connections.ts";

export interface DrainOptions {
  readonly server: Pick<Server, "close">;
  readonly connections: OpenConnections;
  /** How long to go on serving, while the cluster takes us out of its endpoints. */
  readonly delayMs: number;
  /** How long requests in flight may then take. */
  readonly timeoutMs: number;
}

/** Whoever connects has something to say at once, except Go, which may connect once more than it then has to. */
const silentMs = 1_000;

/**
 * Ends a listener without losing an answer. The caller has made readiness fail and answers carry `Connection: close`,
 * the only way to end a connection that cannot cross a request on its way: first it serves on for a while, then it takes
 * no new connection and closes those that nobody has used meanwhile, waits for what is in flight, and only after the
 * time-out cuts what is left. Gives how many connections that were.
 */
export async function drain({ server, connections, delayMs, timeoutMs }: DrainOptions): Promise<number> {
  await delay(delayMs);
  // a timer runs before the sockets are read: a request that has arrived must not be closed away as an idle connection
  await nextPoll();
  // node:http closes idle connections with it
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const leave = setTimeout(connections.destroySilent, silentMs);
  let cut = 0;
  const timer = setTimeout(() => {
    cut = connections.destroyAll();
  }, timeoutMs);
  await closed;
  clearTimeout(leave);
  clearTimeout(timer);
  return cut;
}

/** What is kept of the drain's time for the way back of answers. */
const marginMs = 500;

/** By when a review that comes while draining is answered, a denial at the latest: later its connection is cut. */
export function answerBy(
  now: number,
  { delayMs, timeoutMs }: Pick<DrainOptions, "delayMs" | "timeoutMs">,
): number {
  const leftMs = delayMs + timeoutMs;
  return now + leftMs - Math.min(marginMs, leftMs / 2);
}
