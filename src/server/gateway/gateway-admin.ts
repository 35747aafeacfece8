import type { Server } from "node:http";
import type { GatewayConfiguration } from "../../configuration/gateway-configuration.ts";
import { createAdminListener } from "../../monitoring/admin-listener.ts";
import type { HealthCheck } from "../../monitoring/health.ts";
import type { Log } from "../../monitoring/log.ts";
import { livenessChecks, shutdownCheck } from "../../monitoring/process-checks.ts";
import type { ConfigurationInUse } from "../parts/configuration-in-use.ts";
import { createGatewayMetrics } from "./gateway-metrics.ts";
import type { GatewayState } from "./gateway-state.ts";
import type { ServedGateway } from "./served-gateway.ts";

type Health = Readonly<Record<"healthz" | "livez" | "readyz", readonly HealthCheck[]>>;

/** What has to be well, by endpoint; asked for at every probe, as a reload exchanges what there is. */
export function gatewayHealth(
  state: Pick<GatewayState, "draining">,
  checks: () => readonly HealthCheck[],
): Health {
  const shutdown = shutdownCheck("gateway", () => state.draining);
  return {
    healthz: livenessChecks,
    livez: livenessChecks,
    get readyz() {
      return [...livenessChecks, shutdown, ...checks()];
    },
  };
}

export interface GatewayAdminOptions {
  readonly inUse: ConfigurationInUse<GatewayConfiguration, ServedGateway>;
  readonly state: GatewayState;
  readonly health: Health;
  readonly log: Pick<Log, "write">;
}

/** The listener of health and metrics; counts from now on, whatever configuration is in use. */
export function createGatewayAdmin({ inUse, state, health, log }: GatewayAdminOptions): {
  readonly server: Server;
  close(): void;
} {
  const { render, close } = createGatewayMetrics({
    openStreams: () => state.openStreams,
    draining: () => state.draining,
    certificateExpiresAt: () => inUse.current.parts.certificate?.notAfter,
    kubeletCertificateExpiresAt: () => inUse.current.parts.kubeletCertificate.notAfter,
  });
  const server = createAdminListener({
    health,
    metrics: render,
    onUnhealthy: (endpoint, failures) =>
      log.write("warn", `${endpoint} check failed`, Object.fromEntries(failures)),
  });
  return { server, close };
}
