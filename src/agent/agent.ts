import type { Server } from "node:http";
import { isDeepStrictEqual } from "node:util";
import { type KeyPair, loadKeyPair } from "../certificates/key-pair.ts";
import { createLastGood, type LastGood } from "../certificates/last-good.ts";
import type { Clock } from "../clock.ts";
import type { AgentConfiguration } from "../configuration/agent-configuration.ts";
import { keepFixedFields } from "../configuration/fixed-fields.ts";
import { createAdminListener } from "../monitoring/admin-listener.ts";
import { listen } from "../monitoring/listen.ts";
import { createLog, type Log } from "../monitoring/log.ts";
import { openTracing } from "../monitoring/open-tracing.ts";
import { livenessChecks } from "../monitoring/process-checks.ts";
import type { RestClientOptions } from "../transport/rest-client.ts";
import { agentReadinessChecks } from "./agent-readiness.ts";
import { createAgentSocket } from "./agent-socket.ts";
import { createPluginAnswers } from "./plugin-answers.ts";
import { listenOnSocketFile, prepareSocketFolder, type SocketFile } from "./socket-file.ts";
import { startTokenKeeping, type TokenKeeping } from "./token-keeping.ts";

/** What an agent is made of. */
export interface AgentOptions {
  /** What `loadAgentConfiguration` read. */
  readonly configuration: AgentConfiguration;
  /** The API server that has the webhook configurations and mints; it need not be there yet. */
  readonly cluster: RestClientOptions;
  /** Where log lines (JSON) go. Default nowhere. */
  readonly log?: { write(line: string): unknown };
  readonly clock?: Clock;
}

/** Keeps tokens fresh before they are asked for, in files and behind a socket. */
export interface Agent {
  /**
   * Token files are there and the socket answers when it resolves, whether the API server can be reached or not.
   * @throws ERR_CONFIGURATION or ERR_CERTIFICATE_INVALID for a folder, socket, port or certificate that cannot be used;
   * what was begun is ended then.
   */
  start(): Promise<{ readonly adminPort: number }>;
  /**
   * Takes another configuration into use; tokens that still fit go on. `cluster`, `socket`, `admin` and `tracing` stay until a
   * restart, and the log says so. Not to be called again before it has settled.
   * @throws ERR_CONFIGURATION or ERR_CERTIFICATE_INVALID; the one in use stays then.
   */
  reload(configuration: AgentConfiguration): Promise<void>;
  /** Removes the socket and stops; token files stay, with what is left of their tokens' life. */
  close(): Promise<void>;
}

const fixedFields = ["cluster", "socket", "admin", "tracing"] as const;

/** All that an agent is made of, before and while it answers. */
interface Runtime {
  readonly cluster: RestClientOptions;
  readonly clock: Clock | undefined;
  readonly log: Log;
  /** What ends it, in the order in which it was begun. */
  readonly closers: (() => unknown)[];
  /** The one in use. */
  configuration: AgentConfiguration;
  stopping: boolean;
  keyPair?: LastGood<KeyPair> | undefined;
  keeping?: TokenKeeping;
}

/** Puts together what `countersign agent` runs. */
export function createAgent({ configuration, cluster, clock, log: destination }: AgentOptions): Agent {
  const log = createLog({
    level: configuration.log.level,
    destination: destination ?? { write: () => undefined },
  });
  const closers = [log.flush, log.close];
  const runtime: Runtime = { configuration, cluster, clock, log, closers, stopping: false };
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  let closing: Promise<void> | undefined;
  return {
    async start() {
      try {
        const ports = await open(runtime);
        const { socket, tokenFiles } = configuration;
        log.write("info", "agent started", {
          ...ports,
          socket,
          tokenFiles: tokenFiles.map(({ file }) => file),
        });
        return ports;
      } catch (error) {
        await closeAll();
        throw error;
      }
    },
    reload: (read) => reload(runtime, read),
    close() {
      runtime.stopping = true;
      closing ??= closeAll();
      return closing;
    },
  };
}

/** What is begun is added to the runtime's closers at once: a start that fails ends it. */
async function open(runtime: Runtime): Promise<{ adminPort: number }> {
  const { configuration, cluster, clock, log, closers } = runtime;
  const { socket, tracing: collector } = configuration;
  const tracing = await openTracing({ tracing: collector, serviceName: "countersign-agent", log });
  closers.push(tracing.stop, () => runtime.keyPair?.close());
  runtime.keyPair = await loadClientCertificate(configuration);
  // token files may stand below the socket's folder, which is made ours only while there is nothing in it
  if (socket !== undefined) prepareSocketFolder(socket);
  const keeping = startTokenKeeping({ configuration, cluster, clock, log });
  runtime.keeping = keeping;
  closers.push(keeping.close);
  const answer = createPluginAnswers({
    tokens: { ask: (endpoint) => keeping.tokens.ask(endpoint) },
    metrics: keeping.metrics,
    clientCertificate: () => runtime.keyPair?.current,
    clock,
  });
  const opened = socket === undefined ? undefined : await openSocket(socket, answer, log);
  if (opened !== undefined) closers.push(opened.close);
  const admin = createAdmin(keeping, { log, stopping: () => runtime.stopping, socket: opened?.file });
  const adminPort = await listen(admin, configuration.admin);
  closers.push(() => stop(admin));
  return { adminPort };
}

async function reload(runtime: Runtime, read: AgentConfiguration): Promise<void> {
  const { configuration: current, keyPair: before, keeping, log } = runtime;
  if (runtime.stopping || keeping === undefined) return;
  const next = keepFixedFields({ next: read, current, fields: fixedFields, log });
  const keyPair = await exchangeClientCertificate(before, current, next);
  try {
    keeping.reconfigure(next);
  } catch (error) {
    if (keyPair !== before) keyPair?.close();
    throw error;
  }
  if (keyPair !== before) before?.close();
  runtime.keyPair = keyPair;
  runtime.configuration = next;
  log.setLevel(next.log.level);
}

interface OpenSocket {
  readonly file: SocketFile;
  close(): void;
}

async function openSocket(
  path: string,
  answer: ReturnType<typeof createPluginAnswers>,
  log: Log,
): Promise<OpenSocket> {
  const onFault = (problem: string): void =>
    log.write("warn", "a question over the socket failed", { problem });
  const socket = createAgentSocket({ answer, onFault });
  const file = await listenOnSocketFile(socket.server, path);
  return {
    file,
    close() {
      file.remove();
      socket.close();
    },
  };
}

interface AdminContext {
  readonly log: Log;
  readonly stopping: () => boolean;
  readonly socket: SocketFile | undefined;
}

function createAdmin(keeping: TokenKeeping, { log, stopping, socket }: AdminContext): Server {
  return createAdminListener({
    health: {
      healthz: livenessChecks,
      livez: livenessChecks,
      // the hosts that somebody asks for become known one after the other
      get readyz() {
        return agentReadinessChecks({
          stopping,
          assertSynced: () => void keeping.source.configurations(),
          socketIntact: () => socket?.intact,
          fileFaults: keeping.files.faults,
          states: keeping.tokens.states,
        });
      },
    },
    metrics: keeping.metrics.render,
    onUnhealthy: (endpoint, failures) =>
      log.write("warn", `${endpoint} check failed`, Object.fromEntries(failures)),
  });
}

async function loadClientCertificate({
  clientCertificate,
}: AgentConfiguration): Promise<LastGood<KeyPair> | undefined> {
  if (clientCertificate === undefined) return undefined;
  return createLastGood({
    what: "certificate",
    files: [clientCertificate.certFile, clientCertificate.keyFile],
    load: () => loadKeyPair(clientCertificate),
  });
}

/** The one in use where nothing of it changed. */
async function exchangeClientCertificate(
  inUse: LastGood<KeyPair> | undefined,
  current: AgentConfiguration,
  next: AgentConfiguration,
): Promise<LastGood<KeyPair> | undefined> {
  const isSame = isDeepStrictEqual(current.clientCertificate, next.clientCertificate);
  return isSame ? inUse : loadClientCertificate(next);
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
