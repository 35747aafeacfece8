import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { Duplex } from "node:stream";
import { type Clock, systemClock } from "../../clock.ts";
import type { GatewayConfiguration } from "../../configuration/gateway-configuration.ts";
import { createLog } from "../../monitoring/log.ts";
import type { ClusterConnection } from "../../transport/cluster-connection.ts";
import { createRunningServer, type RunningServer } from "../listener/running-server.ts";
import {
  createSecureListener,
  exchangeListenerTLS,
  exchangeTLSMaterial,
} from "../listener/secure-listener.ts";
import { createClusterAccess } from "../parts/cluster-access.ts";
import { createConfigurationInUse } from "../parts/configuration-in-use.ts";
import { createGatewayAdmin, gatewayHealth } from "./gateway-admin.ts";
import type { GatewayState } from "./gateway-state.ts";
import { type ServedGateway, serveGateway } from "./served-gateway.ts";

/** What a kubelet gateway is made of. */
export interface GatewayServerOptions {
  /** What `loadGatewayConfiguration` read. */
  readonly configuration: GatewayConfiguration;
  /** The API server whose nodes and pods these are, and that is asked who may read them. */
  readonly cluster: () => Promise<ClusterConnection>;
  /** Where log lines (JSON) go. Default nowhere. */
  readonly log?: { write(line: string): unknown };
  readonly clock?: Clock;
}

/** The gateway's listener and the admin listener of one configuration. */
export interface GatewayServer {
  /**
   * Loads everything the configuration names and listens; the ports are those taken where it says 0. Does not wait for
   * the API server: `/readyz` does.
   * @throws ERR_CONFIGURATION, ERR_CERTIFICATE_INVALID, ERR_KUBECONFIG; what was begun is ended then.
   */
  start(): Promise<{ readonly port: number; readonly adminPort: number }>;
  /**
   * Takes another configuration into use, as a whole and without closing a connection: logs that are followed go on, and
   * what it shares with the one before goes on as it is, remembered tokens and decisions included. `listen`, `admin` and
   * `tracing` stay until a restart, and the log says so. Nothing happens while it drains. Not to be called again before it
   * has settled.
   * @throws ERR_CONFIGURATION, ERR_CERTIFICATE_INVALID, ERR_KUBECONFIG; the one in use stays then.
   */
  reload(configuration: GatewayConfiguration): Promise<void>;
  /**
   * Drains: not ready, goes on serving for `drain.delay`, lets what is in flight end within `drain.timeout`, cuts the rest,
   * logs that are followed included, and closes.
   */
  close(): Promise<void>;
}

/** A request has no body but a review's; this is how long it may take to arrive, not to be answered. */
const requestTimeoutMs = 30_000;

/** A front proxy says a user's groups and extra in headers. */
const maxHeaderBytes = 64 * 1024;

/** Puts together what `countersign gateway` runs. */
export function createGatewayServer(options: GatewayServerOptions): GatewayServer {
  const { configuration, clock = systemClock } = options;
  const log = createLog({
    level: configuration.log.level,
    destination: options.log ?? { write: () => undefined },
  });
  const state: GatewayState = { draining: false, openStreams: 0, isOutdated: () => false };
  const access = createClusterAccess(options.cluster);
  const onTLSReload = (): void => {
    if (running.listener !== undefined)
      exchangeTLSMaterial(running.listener.server, inUse.current.parts.tls());
  };
  const health = gatewayHealth(state, () => inUse.current.parts.checks);
  const inUse = createConfigurationInUse<GatewayConfiguration, ServedGateway>({
    load: (next, keep) =>
      serveGateway({ configuration: next, access, clock, onTLSReload, state, health }, keep),
    settle: ({ parts }) => parts.settled(),
  });
  const running: RunningServer<GatewayConfiguration> = createRunningServer({
    configuration,
    inUse,
    log,
    closers: [log.flush, log.close, access.close, inUse.close],
    description: {},
    createAdmin: () => createGatewayAdmin({ inUse, state, health, log }),
    createListener: (served) => openListener(served, () => inUse.current, state),
    exchangeListener: (listener, after, before) =>
      exchangeListenerTLS(listener, after.parts.tls(), before.parts.tls()),
    onListening({ isOutdated }) {
      state.isOutdated = isOutdated;
    },
    onDraining() {
      state.draining = true;
    },
  });
  return running;
}

function openListener(
  served: ServedGateway,
  current: () => ServedGateway,
  state: GatewayState,
): SecureServer {
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    if (state.draining || state.isOutdated(request.socket)) response.shouldKeepAlive = false;
    current().application.handle(request, response);
  };
  const server = createSecureListener({ tls: served.parts.tls(), handler, requestTimeoutMs, maxHeaderBytes });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    current().application.upgrade(request, socket, head),
  );
  return server;
}
