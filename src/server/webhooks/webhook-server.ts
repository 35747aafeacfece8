import { type Clock, systemClock } from "../../clock.ts";
import type { ServerConfiguration } from "../../configuration/server-configuration.ts";
import { createLog } from "../../monitoring/log.ts";
import type { ClusterConnection } from "../../transport/cluster-connection.ts";
import { answerBy } from "../listener/drain.ts";
import { createRunningServer, type OpenListener, type RunningServer } from "../listener/running-server.ts";
import {
  createSecureListener,
  exchangeListenerTLS,
  exchangeTLSMaterial,
} from "../listener/secure-listener.ts";
import { createClusterAccess } from "../parts/cluster-access.ts";
import type { ListenerState } from "../review/serve-review.ts";
import { createMatchReport } from "./match-report.ts";
import { createServedConfiguration, type ServedConfiguration } from "./served-configuration.ts";
import { createServerAdmin } from "./server-admin.ts";

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

/** Puts together what `countersign serve` runs. */
export function createWebhookServer(options: WebhookServerOptions): WebhookServer {
  const { configuration, clock = systemClock } = options;
  const log = createLog({
    level: configuration.log.level,
    destination: options.log ?? { write: () => undefined },
  });
  const state: ListenerState = { draining: false, inFlight: 0 };
  const access = createClusterAccess(options.cluster);
  const onTLSReload = (): void => {
    if (running.listener !== undefined)
      exchangeTLSMaterial(running.listener.server, inUse.current.parts.tls());
  };
  const inUse = createServedConfiguration({ access, clock, listener: state, onTLSReload });
  const matches = createMatchReport(() => inUse.current.parts, log);
  const running: RunningServer<ServerConfiguration> = createRunningServer({
    configuration,
    inUse,
    log,
    closers: [log.flush, log.close, matches.close, access.close, inUse.close],
    description: { routes: configuration.webhooks.map(({ path }) => path) },
    createAdmin: () => createServerAdmin({ inUse, listener: state, log, clock }),
    createListener: ({ parts }) =>
      createSecureListener({
        tls: parts.tls(),
        handler: (request, response) => inUse.current.handler(request, response),
        requestTimeoutMs: requestTimeoutOf(parts.configuration),
      }),
    exchangeListener,
    onListening({ isOutdated }) {
      state.isOutdated = isOutdated;
    },
    onDraining(times) {
      if (times !== undefined) state.answerBy = answerBy(clock.now(), times);
      state.draining = true;
    },
  });
  return {
    async start() {
      const ports = await running.start();
      matches.update();
      return ports;
    },
    async reload(next) {
      if (state.draining) return;
      await running.reload(next);
      matches.update();
    },
    close: running.close,
  };
}

/** All that a listener itself has of a configuration. */
function exchangeListener(
  listener: OpenListener,
  { parts }: ServedConfiguration,
  before: ServedConfiguration,
): void {
  exchangeListenerTLS(listener, parts.tls(), before.parts.tls());
  listener.server.requestTimeout = requestTimeoutOf(parts.configuration);
}

/** Longer than a body may take, so that our own deadline decides and can answer with a denial; Node's cannot. */
function requestTimeoutOf({ limits }: ServerConfiguration): number {
  return limits.bodyTimeout.ms + 10_000;
}
