import { STATUS_CODES } from "node:http";

/** Nginx' code for a client that did not wait, which is registered nowhere. */
const unregistered = new Set([499]);

/** An HTTP status as a label: a peer can answer any of nine hundred, and must not make up labels by it. */
export function statusLabel(status: number): string {
  if (Object.hasOwn(STATUS_CODES, status) || unregistered.has(status)) return String(status);
  return status >= 100 && status < 1000 ? `${Math.trunc(status / 100)}xx` : "other";
}
