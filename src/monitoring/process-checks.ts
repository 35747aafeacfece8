import type { HealthCheck } from "./health.ts";

/** Whether the process answers at all: nothing outside it counts, or a cluster's trouble would restart it. */
export const livenessChecks: readonly HealthCheck[] = [{ name: "ping", check: () => undefined }];

/** Fails from the moment at which the process ends, so that nobody new is sent to it. */
export function shutdownCheck(what: string, isEnding: () => boolean): HealthCheck {
  return {
    name: "shutdown",
    check() {
      if (isEnding()) throw new Error(`the ${what} is shutting down`);
    },
  };
}
