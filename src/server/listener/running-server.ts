import type { Server } from "node:http";
import type { Server as SecureServer } from "node:https";
import { keepFixedFields } from "../../configuration/fixed-fields.ts";
import type { ServerConfiguration } from "../../configuration/server-configuration.ts";
import { listen } from "../../monitoring/listen.ts";
import type { Log } from "../../monitoring/log.ts";
import { openTracing } from "../../monitoring/open-tracing.ts";
import type { ConfigurationInUse } from "../parts/configuration-in-use.ts";
import { drain } from "./drain.ts";
import { type OpenConnections, trackConnections } from "./open-connections.ts";

/** What every server's configuration says of how it runs. */
export type RunConfiguration = Pick<ServerConfiguration, "listen" | "admin" | "drain" | "tracing" | "log">;

/** A server that listens. */
export interface OpenListener {
  readonly server: SecureServer;
  readonly connections: OpenConnections;
}

export interface DrainTimes {
  readonly delayMs: number;
  readonly timeoutMs: number;
}

/** What one kind of server adds to what all of them do. */
export interface RunningServerOptions<Configuration extends RunConfiguration, Served> {
  readonly configuration: Configuration;
  readonly inUse: ConfigurationInUse<Configuration, Served>;
  readonly log: Log;
  /** What ends what was begun already, in the order in which it was. */
  readonly closers: readonly (() => unknown)[];
  /** Begins to count, before anything is loaded: what is told meanwhile counts as well. */
  createAdmin(): { readonly server: Server; close(): unknown };
  /** Not listening yet. */
  createListener(served: Served): SecureServer;
  /** Nothing in it waits: no request meets half of a configuration. May refuse. */
  exchangeListener(listener: OpenListener, after: Served, before: Served): void;
  /** For the line that says it serves. */
  readonly description: Readonly<Record<string, unknown>>;
  onListening(connections: OpenConnections): void;
  /** Once, before the first answer that is a connection's last. `times` is undefined where nothing listened yet. */
  onDraining(times: DrainTimes | undefined): void;
}

/** A TLS listener and an admin listener, from their start to the end of their drain. */
export interface RunningServer<Configuration> {
  /** @throws what loading the configuration throws, and ERR_CONFIGURATION for a port; what was begun is ended then. */
  start(): Promise<{ readonly port: number; readonly adminPort: number }>;
  /** @throws what loading the configuration throws; the one in use stays then. Nothing happens while it drains. */
  reload(configuration: Configuration): Promise<void>;
  close(): Promise<void>;
  /** Undefined until it listens. */
  readonly listener: OpenListener | undefined;
}

export function createRunningServer<Configuration extends RunConfiguration, Served>(
  options: RunningServerOptions<Configuration, Served>,
): RunningServer<Configuration> {
  const { log, inUse, description } = options;
  const closers = [...options.closers];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  let listener: OpenListener | undefined;
  let closing: Promise<void> | undefined;
  return {
    async start() {
      try {
        const opened = await open(options, closers);
        listener = opened.listener;
        options.onListening(listener.connections);
        log.write("info", "serving", { ...opened.ports, ...description });
        return opened.ports;
      } catch (error) {
        await closeAll();
        throw error;
      }
    },
    async reload(read) {
      if (closing !== undefined) return;
      const next = keepFixedFields({
        next: read,
        current: inUse.configuration,
        fields: ["listen", "admin", "tracing"],
        log,
      });
      await inUse.exchange(next, (after, before) => {
        if (listener !== undefined) options.exchangeListener(listener, after, before);
        log.setLevel(next.log.level);
      });
    },
    close() {
      if (closing === undefined) {
        const times = listener && drainTimes(inUse);
        if (times !== undefined) log.write("info", "draining", { ...times });
        options.onDraining(times);
        closing = closeAll();
      }
      return closing;
    },
    get listener() {
      return listener;
    },
  };
}

/** What is begun is added to the closers at once: a start that fails ends it. */
async function open<Configuration extends RunConfiguration, Served>(
  options: RunningServerOptions<Configuration, Served>,
  closers: (() => unknown)[],
) {
  const { configuration, inUse, log } = options;
  const admin = options.createAdmin();
  closers.push(admin.close);
  await inUse.exchange(configuration);
  const tracing = await openTracing({ tracing: configuration.tracing, serviceName: "countersign", log });
  closers.push(tracing.stop);
  const server = options.createListener(inUse.current);
  const listener: OpenListener = { server, connections: trackConnections(server) };
  closers.push(() => stop(admin.server));
  const adminPort = await listen(admin.server, configuration.admin);
  const port = await listen(server, configuration.listen);
  closers.push(async () => reportCut(await drain({ ...listener, ...drainTimes(inUse) }), log));
  return { listener, ports: { port, adminPort } };
}

function drainTimes({
  configuration,
}: Pick<ConfigurationInUse<RunConfiguration, unknown>, "configuration">): DrainTimes {
  const { delay, timeout } = configuration.drain;
  return { delayMs: delay.ms, timeoutMs: timeout.ms };
}

function reportCut(connections: number, log: Pick<Log, "write">): void {
  if (connections > 0) log.write("warn", "connections cut after drain.timeout", { connections });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
