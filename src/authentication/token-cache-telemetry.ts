import { diagnosticsChannel } from "../diagnostics.ts";

const lookups = diagnosticsChannel("countersign:tokenCache");
const fetches = diagnosticsChannel("countersign:tokenFetch");

/** When a look-up began; nothing is measured that nobody asks for. */
export function lookupBegins(): number {
  return lookups.hasSubscribers ? performance.now() : 0;
}

export function lookupEnds(outcome: "hit" | "miss", beganAt: number): void {
  if (lookups.hasSubscribers) lookups.publish({ outcome, durationMs: performance.now() - beganAt });
}

export function fetchEvent(event: "started" | "blocked" | "unblocked"): void {
  fetches.publish({ event });
}

export function fetchEnds(outcome: "ok" | "error"): void {
  fetches.publish({ event: "ended", outcome });
}
