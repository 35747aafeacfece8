import type { Server } from "node:http";
import type { Clock } from "../../clock.ts";
import { createAdminListener } from "../../monitoring/admin-listener.ts";
import type { Log } from "../../monitoring/log.ts";
import { livenessChecks } from "../../monitoring/process-checks.ts";
import type { ListenerState } from "../review/serve-review.ts";
import { comparePolicies } from "./match-report.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { readinessChecks } from "./readiness.ts";
import type { ServedConfigurationInUse } from "./served-configuration.ts";

export interface ServerAdminOptions {
  /** Asked at every scrape and probe: a reload exchanges what it has. */
  readonly inUse: ServedConfigurationInUse;
  readonly listener: ListenerState;
  readonly log: Pick<Log, "write">;
  readonly clock: Clock;
}

/** The listener of health and metrics; counts from now on, whatever configuration is in use. */
export function createServerAdmin(options: ServerAdminOptions): { readonly server: Server; close(): void } {
  const { inUse, listener, log } = options;
  const { render, close } = createServerMetrics(options);
  const server = createAdminListener({
    health: {
      healthz: livenessChecks,
      livez: livenessChecks,
      // whose issuers there are changes with the configuration
      get readyz() {
        const { certificate, issuers } = inUse.current.parts;
        return readinessChecks({
          draining: () => listener.draining,
          certificate: certificate.checks,
          issuers,
        });
      },
    },
    metrics: render,
    onUnhealthy: (endpoint, failures) =>
      log.write("warn", `${endpoint} check failed`, Object.fromEntries(failures)),
  });
  return { server, close };
}

function createServerMetrics({ inUse, listener }: ServerAdminOptions): Metrics {
  return createMetrics({
    callerLabels: () => inUse.current.callerLabels,
    inFlight: () => listener.inFlight,
    draining: () => listener.draining,
    policyMatches: () => comparePolicies(inUse.current.parts),
    certificateExpiresAt: () => inUse.current.parts.certificate.current?.notAfter,
    authority: () => inUse.current.parts.certificate.authority,
  });
}
