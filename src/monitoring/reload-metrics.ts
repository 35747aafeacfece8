import type { ReloadMessage } from "../diagnostics.ts";
import { createCounter, createGauge } from "./metric-family.ts";

/** What became of files that changed, in every program that reads some again. */
export function createReloadTable() {
  return {
    reloads: createCounter({
      name: "countersign_reloads_total",
      help: "Files read again after they changed; a failed one keeps the last good value.",
      labels: ["what", "outcome"],
    }),
    lastReloadFailed: createGauge({
      name: "countersign_last_reload_failed",
      help: "1 while a file on disk is worse than what is in use.",
      labels: ["what", "file"],
    }),
  };
}

export function countReload(
  { reloads, lastReloadFailed }: ReturnType<typeof createReloadTable>,
  { what, file, outcome }: ReloadMessage,
): void {
  if (outcome !== "dropped") reloads.inc(what, outcome);
  lastReloadFailed.set(outcome === "failed" ? 1 : 0, what, file);
}
