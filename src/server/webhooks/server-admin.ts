import type { Server } from "node:http";
import type { Clock } from "../../clock.ts";
import { createAdminListener } from "../../monitoring/admin-listener.ts";
import type { Log } from "../../monitoring/log.ts";
import type { ListenerState } from "../review/serve-review.ts";
import type { ConfigurationInUse } from "./configuration-in-use.ts";
import { comparePolicies } from "./match-report.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { livenessChecks, readinessChecks } from "./readiness.ts";

export interface ServerAdminOptions {
  /** Asked at every scrape and probe: a reload exchanges what it has. */
  readonly inUse: ConfigurationInUse;
  readonly listener: ListenerState;
  readonly log: Pick<Log, "write">;
  readonly clock: Clock;
}

/** The metrics of a server, whatever configuration it has in use. */
export function createServerMetrics({ inUse, listener }: ServerAdminOptions): Metrics {
  return createMetrics({
    callerLabels: () => inUse.current.callerLabels,
    inFlight: () => listener.inFlight,
    draining: () => listener.draining,
    policyMatches: () => comparePolicies(inUse.current.parts),
    certificateExpiresAt: () => inUse.current.parts.certificate.current?.notAfter,
    authority: () => inUse.current.parts.certificate.authority,
  });
}

/** The listener of health and metrics. */
export function createServerAdmin(options: ServerAdminOptions, metrics: Metrics): Server {
  const { inUse, listener, log } = options;
  return createAdminListener({
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
    metrics: metrics.render,
    onUnhealthy: (endpoint, failures) =>
      log.write("warn", `${endpoint} check failed`, Object.fromEntries(failures)),
  });
}
