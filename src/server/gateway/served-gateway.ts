import type { HealthCheck } from "../../monitoring/health.ts";
import type { KeepPart } from "../parts/kept-parts.ts";
import type { GatewayApplication } from "./gateway-application.ts";
import { type GatewayParts, type GatewayPartsOptions, loadGatewayParts } from "./gateway-parts.ts";
import type { GatewayState } from "./gateway-state.ts";

/** What a configuration became. */
export interface ServedGateway {
  readonly parts: GatewayParts;
  readonly application: GatewayApplication;
}

export interface ServeGatewayOptions extends GatewayPartsOptions {
  readonly state: GatewayState;
  /** By endpoint: `healthz`, `livez`, `readyz`. */
  readonly health: Readonly<Record<string, readonly HealthCheck[]>>;
}

/** @throws what {@link loadGatewayParts} throws. */
export async function serveGateway(
  { state, health, ...options }: ServeGatewayOptions,
  keep: KeepPart,
): Promise<ServedGateway> {
  // Koa is loaded while files are read
  const [{ createGatewayApplication }, parts] = await Promise.all([
    import("./gateway-application.ts"),
    loadGatewayParts(options, keep),
  ]);
  const openStreams = {
    open() {
      state.openStreams += 1;
      return () => {
        state.openStreams -= 1;
      };
    },
  };
  return { parts, application: createGatewayApplication({ ...parts.application, health, openStreams }) };
}
