import type { Server } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

export interface DrainOptions {
  readonly server: Pick<Server, "close" | "closeIdleConnections" | "closeAllConnections">;
  /** How long to go on serving, while the cluster takes us out of its endpoints. */
  readonly delayMs: number;
  /** How long requests in flight may then take. */
  readonly timeoutMs: number;
}

/**
 * Ends a listener without losing an answer. The caller has made readiness fail and answers carry `Connection: close`:
 * first it serves on for a while, then it takes no new connection, waits for what is in flight, and only after the
 * time-out cuts what is left.
 */
export async function drain({ server, delayMs, timeoutMs }: DrainOptions): Promise<void> {
  await delay(delayMs);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), timeoutMs);
  await closed;
  clearTimeout(cut);
}
