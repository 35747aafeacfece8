import type { Server } from "node:http";
import type { Server as SecureServer } from "node:https";
import { type Clock, systemClock } from "../clock.ts";
import type { ServerConfiguration } from "../configuration/server-configuration.ts";
import { createAdminListener } from "../monitoring/admin-listener.ts";
import { listen } from "../monitoring/listen.ts";
import { createLog, type Log } from "../monitoring/log.ts";
import type { ClusterConnection } from "../transport/cluster-connection.ts";
import { callerLabel } from "./configured-routes.ts";
import { answerBy, drain, trackConnections } from "./drain.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { livenessChecks, readinessChecks } from "./readiness.ts";
import type { ListenerState } from "./serve-review.ts";
import { loadServerParts, type ServerParts } from "./server-parts.ts";
import { createWebhookListener, exchangeTLSMaterial } from "./webhook-listener.ts";

/** What a webhook server is made of. */
export interface WebhookServerOptions {
  /** What `loadServerConfiguration` read. */
  readonly configuration: ServerConfiguration;
  /** The API server that an issuer without a URL and TokenReview mean. Asked for only where the configuration has one. */
  readonly cluster?: () => Promise<ClusterConnection>;
  /** Where log lines (JSON) go. Default nowhere. */
  readonly log?: { write(line: string): unknown };
  readonly clock?: Clock;
}

/** The webhook listener and the admin listener of one configuration. */
export interface WebhookServer {
  /**
   * Loads everything the configuration names and listens; the ports are those taken where it says 0. Does not wait for
   * issuers' keys: `/readyz` does.
   * @throws ERR_CONFIGURATION, ERR_CERTIFICATE_INVALID, ERR_POLICY_INVALID, ERR_KUBECONFIG, or what the system says of
   * the port; what was begun is ended then.
   */
  start(): Promise<{ readonly port: number; readonly adminPort: number }>;
  /** Drains: not ready, goes on serving for `drain.delay`, finishes what is in flight within `drain.timeout`, closes. */
  close(): Promise<void>;
}

/** Puts together what `countersign serve` runs. */
export function createWebhookServer(options: WebhookServerOptions): WebhookServer {
  const { configuration, cluster, clock = systemClock } = options;
  const log = createLog({
    level: configuration.log.level,
    destination: options.log ?? { write: () => undefined },
  });
  const state: ListenerState = { draining: false, inFlight: 0 };
  const closers: (() => unknown)[] = [log.flush, log.close];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  let closing: Promise<void> | undefined;

  async function open(): Promise<{ port: number; adminPort: number }> {
    let listener: SecureServer | undefined;
    const onTLSReload = (): void => {
      if (listener !== undefined) exchangeTLSMaterial(listener, parts.tls());
    };
    // whoever only verifies does not load Koa; whoever serves loads it while files are read
    const [{ createKoaApplication }, parts] = await Promise.all([
      import("./koa-application.ts"),
      loadServerParts({ configuration, cluster, clock, onTLSReload }),
    ]);
    closers.push(parts.close);
    const metrics = createServerMetrics(configuration, parts, state);
    closers.push(metrics.close);
    const handler = createKoaApplication({ routes: parts.routes, listener: state }).callback();
    listener = createWebhookListener({
      tls: parts.tls(),
      handler: handler,
      requestTimeoutMs: requestTimeoutMs(configuration),
    });
    const admin = createAdmin(parts, metrics, { log, state, clock });
    closers.push(() => stop(admin));
    const adminPort = await listen(admin, configuration.admin);
    const connections = trackConnections(listener);
    const port = await listen(listener, configuration.listen);
    closers.push(() => drain({ server: listener, connections, ...drainTimes(configuration) }));
    return { port, adminPort };
  }

  return {
    async start() {
      try {
        const ports = await open();
        log.write("info", "serving", { ...ports, routes: configuration.webhooks.map(({ path }) => path) });
        return ports;
      } catch (error) {
        await closeAll();
        throw error;
      }
    },
    close() {
      state.draining = true;
      state.answerBy ??= answerBy(clock.now(), drainTimes(configuration));
      closing ??= closeAll();
      return closing;
    },
  };
}

function drainTimes({ drain: { delay, timeout } }: ServerConfiguration) {
  return { delayMs: delay.ms, timeoutMs: timeout.ms };
}

/** Longer than a body may take, so that our own deadline decides and can answer with a denial; Node's cannot. */
function requestTimeoutMs({ limits }: ServerConfiguration): number {
  return limits.bodyTimeout.ms + 10_000;
}

function createServerMetrics(
  configuration: ServerConfiguration,
  { keyPair }: ServerParts,
  state: ListenerState,
): Metrics {
  return createMetrics({
    callerLabels: new Map(configuration.webhooks.map((webhook) => [webhook.path, callerLabel(webhook)])),
    inFlight: () => state.inFlight,
    draining: () => state.draining,
    certificateExpiresAt: () => keyPair.current.notAfter,
  });
}

interface AdminContext {
  readonly log: Log;
  readonly state: ListenerState;
  readonly clock: Clock;
}

function createAdmin(
  { keyPair, issuers }: ServerParts,
  metrics: Metrics,
  { log, state, clock }: AdminContext,
): Server {
  const readyz = readinessChecks({
    draining: () => state.draining,
    keyPair: () => keyPair.current,
    issuers: issuers.list,
    clock,
  });
  return createAdminListener({
    health: { healthz: livenessChecks, livez: livenessChecks, readyz },
    metrics: metrics.render,
    onUnhealthy: (endpoint, failures) =>
      log.write("warn", `${endpoint} check failed`, Object.fromEntries(failures)),
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
