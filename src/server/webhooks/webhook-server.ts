import type { Server } from "node:http";
import type { Server as SecureServer } from "node:https";
import { type Clock, systemClock } from "../../clock.ts";
import { keepFixedFields } from "../../configuration/fixed-fields.ts";
import type { ServerConfiguration } from "../../configuration/server-configuration.ts";
import { listen } from "../../monitoring/listen.ts";
import { createLog, type Log } from "../../monitoring/log.ts";
import { openTracing } from "../../monitoring/open-tracing.ts";
import type { ClusterConnection } from "../../transport/cluster-connection.ts";
import { answerBy, drain } from "../listener/drain.ts";
import { type OpenConnections, trackConnections } from "../listener/open-connections.ts";
import { createWebhookListener, exchangeTLSMaterial } from "../listener/webhook-listener.ts";
import { createClusterAccess } from "../parts/cluster-access.ts";
import type { ListenerState } from "../review/serve-review.ts";
import {
  type ConfigurationInUse,
  createConfigurationInUse,
  type ServedConfiguration,
} from "./configuration-in-use.ts";
import { createMatchReport, type MatchReport } from "./match-report.ts";
import { createServerAdmin, createServerMetrics } from "./server-admin.ts";

/** What a webhook server is made of. */
export interface WebhookServerOptions {
  /** What `loadServerConfiguration` read. */
  readonly configuration: ServerConfiguration;
  /** The API server that an issuer without a URL, TokenReview and tls.selfSigned mean. Asked for only where they are. */
  readonly cluster?: () => Promise<ClusterConnection>;
  /** Where log lines (JSON) go. Default nowhere. */
  readonly log?: { write(line: string): unknown };
  readonly clock?: Clock;
}

/** The webhook listener and the admin listener of one configuration. */
export interface WebhookServer {
  /**
   * Loads everything the configuration names and listens; the ports are those taken where it says 0. Does not wait for
   * issuers' keys, nor for a self-signed certificate where no API server answers: `/readyz` does.
   * @throws ERR_CONFIGURATION, ERR_CERTIFICATE_INVALID, ERR_CERTIFICATE_SECRET, ERR_POLICY_INVALID, ERR_KUBECONFIG, or
   * what the system says of the port; what was begun is ended then.
   */
  start(): Promise<{ readonly port: number; readonly adminPort: number }>;
  /**
   * Takes another configuration into use, as a whole and without closing a connection: what it shares with the one before
   * goes on as it is, issuers' keys included. `listen`, `admin` and `tracing` stay until a restart, and the log says so.
   * Nothing happens while it drains. Not to be called again before it has settled.
   * @throws ERR_CONFIGURATION, ERR_CERTIFICATE_INVALID, ERR_POLICY_INVALID, ERR_KUBECONFIG; the one in use stays then.
   */
  reload(configuration: ServerConfiguration): Promise<void>;
  /** Drains: not ready, goes on serving for `drain.delay`, finishes what is in flight within `drain.timeout`, closes. */
  close(): Promise<void>;
}

interface OpenListener {
  readonly server: SecureServer;
  readonly connections: OpenConnections;
}

/** All that a server is made of, before and while it listens. */
interface Runtime {
  readonly configuration: ServerConfiguration;
  readonly clock: Clock;
  readonly log: Log;
  readonly state: ListenerState;
  readonly inUse: ConfigurationInUse;
  readonly matches: MatchReport;
  /** What ends it, in the order in which it was begun. */
  readonly closers: (() => unknown)[];
  listener?: OpenListener;
}

/** Puts together what `countersign serve` runs. */
export function createWebhookServer(options: WebhookServerOptions): WebhookServer {
  const runtime = createRuntime(options);
  const { configuration, clock, log, state, inUse, matches, closers } = runtime;
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  let closing: Promise<void> | undefined;
  return {
    async start() {
      try {
        const ports = await open(runtime);
        log.write("info", "serving", { ...ports, routes: configuration.webhooks.map(({ path }) => path) });
        matches.update();
        return ports;
      } catch (error) {
        await closeAll();
        throw error;
      }
    },
    async reload(read) {
      if (state.draining) return;
      const current = inUse.current.parts.configuration;
      const next = keepFixedFields({ next: read, current, fields: ["listen", "admin", "tracing"], log });
      await inUse.exchange(next, (after, before) => {
        if (runtime.listener !== undefined) exchangeListener(runtime.listener, after, before);
        log.setLevel(next.log.level);
      });
      matches.update();
    },
    close() {
      if (runtime.listener !== undefined && !state.draining) {
        log.write("info", "draining", drainTimes(runtime));
        state.answerBy = answerBy(clock.now(), drainTimes(runtime));
      }
      state.draining = true;
      closing ??= closeAll();
      return closing;
    },
  };
}

function createRuntime(options: WebhookServerOptions): Runtime {
  const { configuration, clock = systemClock } = options;
  const log = createLog({
    level: configuration.log.level,
    destination: options.log ?? { write: () => undefined },
  });
  const state: ListenerState = { draining: false, inFlight: 0 };
  const access = createClusterAccess(options.cluster);
  const onTLSReload = (): void => {
    if (runtime.listener !== undefined)
      exchangeTLSMaterial(runtime.listener.server, inUse.current.parts.tls());
  };
  const inUse = createConfigurationInUse({ access, clock, listener: state, onTLSReload });
  const matches = createMatchReport(() => inUse.current.parts, log);
  const closers = [log.flush, log.close, matches.close, access.close, inUse.close];
  const runtime: Runtime = { configuration, clock, log, state, inUse, matches, closers };
  return runtime;
}

/** What is begun is added to the runtime's closers at once: a start that fails ends it. */
async function open(runtime: Runtime): Promise<{ port: number; adminPort: number }> {
  const { configuration, clock, log, state, inUse, closers } = runtime;
  const monitored = { inUse, listener: state, log, clock };
  // first: what is told while the rest is loaded counts as well
  const metrics = createServerMetrics(monitored);
  closers.push(metrics.close);
  await inUse.exchange(configuration);
  const tracing = await openTracing({ tracing: configuration.tracing, serviceName: "countersign", log });
  closers.push(tracing.stop);
  const opened = openListener(inUse.current, (request, response) => inUse.current.handler(request, response));
  state.isOutdated = opened.connections.isOutdated;
  const admin = createServerAdmin(monitored, metrics);
  closers.push(() => stop(admin));
  const adminPort = await listen(admin, configuration.admin);
  const port = await listen(opened.server, configuration.listen);
  runtime.listener = opened;
  closers.push(async () => reportCut(await drain({ ...opened, ...drainTimes(runtime) }), log));
  return { port, adminPort };
}

function openListener({ parts }: ServedConfiguration, handler: ServedConfiguration["handler"]): OpenListener {
  const requestTimeoutMs = requestTimeoutOf(parts.configuration);
  const server = createWebhookListener({ tls: parts.tls(), handler, requestTimeoutMs });
  return { server, connections: trackConnections(server) };
}

/** All that a listener itself has of a configuration. Nothing in it waits: no request meets half of one. */
function exchangeListener(
  { server, connections }: OpenListener,
  { parts }: ServedConfiguration,
  before: ServedConfiguration,
): void {
  const tls = parts.tls();
  exchangeTLSMaterial(server, tls);
  // whoever connected before was not asked for a certificate, and would be refused for as long as it keeps its connection
  if (tls.clientCAs.length > 0 && before.parts.tls().clientCAs.length === 0) connections.outdate();
  server.requestTimeout = requestTimeoutOf(parts.configuration);
}

function reportCut(connections: number, log: Pick<Log, "write">): void {
  if (connections > 0) log.write("warn", "connections cut after drain.timeout", { connections });
}

function drainTimes({ inUse }: Pick<Runtime, "inUse">) {
  const { delay, timeout } = inUse.current.parts.configuration.drain;
  return { delayMs: delay.ms, timeoutMs: timeout.ms };
}

/** Longer than a body may take, so that our own deadline decides and can answer with a denial; Node's cannot. */
function requestTimeoutOf({ limits }: ServerConfiguration): number {
  return limits.bodyTimeout.ms + 10_000;
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
