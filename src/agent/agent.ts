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
import type { RestClientOptions } from "../transport/rest-client.ts";
import { agentLivenessChecks, agentReadinessChecks } from "./agent-readiness.ts";
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

/** Puts together what `countersign agent` runs. */
export function createAgent(options: AgentOptions): Agent {
  const { cluster, clock } = options;
  let { configuration } = options;
  const log = createLog({
    level: configuration.log.level,
    destination: options.log ?? { write: () => undefined },
  });
  let stopping = false;
  const closers: (() => unknown)[] = [log.flush, log.close];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  let closing: Promise<void> | undefined;
  let keyPair: LastGood<KeyPair> | undefined;
  let keeping: TokenKeeping | undefined;

  async function open(): Promise<{ adminPort: number }> {
    const { socket, tracing: collector } = configuration;
    const tracing = await openTracing({ tracing: collector, serviceName: "countersign-agent", log });
    closers.push(tracing.stop, () => keyPair?.close());
    keyPair = await loadClientCertificate(configuration);
    // token files may stand below the socket's folder, which is made ours only while there is nothing in it
    if (socket !== undefined) prepareSocketFolder(socket);
    const tokens = startTokenKeeping({ configuration, cluster, clock, log });
    keeping = tokens;
    closers.push(tokens.close);
    const answer = createPluginAnswers({
      tokens: { ask: (endpoint) => tokens.tokens.ask(endpoint) },
      metrics: tokens.metrics,
      clientCertificate: () => keyPair?.current,
      clock,
    });
    const opened = socket === undefined ? undefined : await openSocket(socket, answer, log);
    if (opened !== undefined) closers.push(opened.close);
    const admin = createAdmin(tokens, { log, stopping: () => stopping, socket: opened?.file });
    const adminPort = await listen(admin, configuration.admin);
    closers.push(() => stop(admin));
    return { adminPort };
  }

  return {
    async start() {
      try {
        const ports = await open();
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
    async reload(read) {
      if (stopping || keeping === undefined) return;
      const next = keepFixedFields({ next: read, current: configuration, fields: fixedFields, log });
      const certificate = await exchangeClientCertificate(keyPair, configuration, next);
      try {
        keeping.reconfigure(next);
      } catch (error) {
        if (certificate !== keyPair) certificate?.close();
        throw error;
      }
      if (certificate !== keyPair) keyPair?.close();
      keyPair = certificate;
      configuration = next;
      log.setLevel(configuration.log.level);
    },
    close() {
      stopping = true;
      closing ??= closeAll();
      return closing;
    },
  };
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
      healthz: agentLivenessChecks,
      livez: agentLivenessChecks,
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
