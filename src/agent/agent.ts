import type { Server as AdminServer } from "node:http";
import type { Server } from "node:net";
import { type KeyPair, loadKeyPair } from "../certificates/key-pair.ts";
import { createLastGood, type LastGood } from "../certificates/last-good.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { AgentConfiguration } from "../configuration/agent-configuration.ts";
import type { AgentAnswer, AgentQuestion } from "../credentials/agent-protocol.ts";
import { createTokenCache } from "../credentials/token-cache.ts";
import { CountersignError, errorCodeOf } from "../errors.ts";
import { createAdminListener } from "../monitoring/admin-listener.ts";
import { listen } from "../monitoring/listen.ts";
import { createLog } from "../monitoring/log.ts";
import { createRestClient, type RestClientOptions } from "../transport/rest-client.ts";
import { createTokenRequestClient } from "../transport/token-request-client.ts";
import type { EndpointTokenIntent } from "../webhook/endpoints/endpoint-token-intent.ts";
import { watchWebhookConfigurations } from "../webhook/sources/watch-webhook-configurations.ts";
import { createAgentMetrics } from "./agent-metrics.ts";
import { agentLivenessChecks, agentReadinessChecks } from "./agent-readiness.ts";
import { createAgentSocket } from "./agent-socket.ts";
import { agentToken } from "./agent-token.ts";
import { createEndpointTokens } from "./endpoint-tokens.ts";
import { dropReplacedTokens } from "./replaced-configurations.ts";
import { listenOnSocketFile, type SocketFile } from "./socket-file.ts";
import { createTokenFiles } from "./token-files.ts";
import { createTokenReport } from "./token-report.ts";

/** How often it is looked whether a token is due. */
const tickMs = 1_000;

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
  /** Removes the socket and stops; token files stay, with what is left of their tokens' life. */
  close(): Promise<void>;
}

/** Puts together what `countersign agent` runs. */
export function createAgent(options: AgentOptions): Agent {
  const { configuration } = options;
  const log = createLog({
    level: configuration.log.level,
    destination: options.log ?? { write: () => undefined },
  });
  const state = { stopping: false };
  const closers: (() => unknown)[] = [log.flush, log.close];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  let closing: Promise<void> | undefined;

  async function open(): Promise<{ adminPort: number }> {
    const keyPair = await loadClientCertificate(configuration);
    closers.push(() => keyPair?.close());
    const keeping = startKeeping(options, log);
    closers.push(keeping.close);
    const socket = await openSocket(options, keeping, keyPair, log);
    closers.push(() => socket?.close());
    const readyz = () =>
      agentReadinessChecks({
        stopping: () => state.stopping,
        assertSynced: () => void keeping.source.configurations(),
        socketIntact: () => socket?.file.intact,
        fileFaults: keeping.files.faults,
        states: keeping.tokens.states,
      });
    const admin = createAdminListener({
      health: {
        healthz: agentLivenessChecks,
        livez: agentLivenessChecks,
        // the hosts that somebody asks for are known one after the other
        get readyz() {
          return readyz();
        },
      },
      metrics: keeping.metrics.render,
      onUnhealthy: (endpoint, failures) =>
        log.write("warn", `${endpoint} check failed`, Object.fromEntries(failures)),
    });
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
    close() {
      state.stopping = true;
      closing ??= closeAll();
      return closing;
    },
  };
}

type Keeping = ReturnType<typeof startKeeping>;
type AgentLog = ReturnType<typeof createLog>;

/** Everything that keeps tokens, and the clockwork that renews them. */
function startKeeping({ configuration, cluster, clock = systemClock }: AgentOptions, log: AgentLog) {
  const rest = createRestClient(cluster);
  const source = watchWebhookConfigurations({ client: rest, clock });
  const cache = createTokenCache({
    server: rest.server,
    client: createTokenRequestClient(rest),
    // the whole of the ten seconds' jitter, always: renewed after 470 s and a tick, a token of 600 s in a file is good for
    // 120 s more even where minting the next takes nine
    clock: { now: clock.now, random: () => 0.999 },
  });
  const report = createTokenReport(log);
  const update = (): void => {
    files.update();
    report(tokens.states());
  };
  const tokens = createEndpointTokens({
    configurations: source,
    cache,
    clock,
    serviceAccount: configuration.serviceAccount,
    intent: intentOf(configuration),
    onUpdate: update,
  });
  const metrics = createAgentMetrics({ states: tokens.states, synced: () => source.synced });
  const files = createTokenFiles({
    files: configuration.tokenFiles,
    tokens,
    clock,
    onWrite: ({ host, file, content, error }) => {
      metrics.countWrite(host, error === undefined ? content : "failed");
      if (error === undefined) log.write("debug", "token file written", { host, file, content });
      else log.write("error", "token file not written", { host, file, detail: messageOf(error) });
    },
  });
  const renew = (): void => {
    tokens.renew();
    update();
  };
  const dropReplaced = dropReplacedTokens(cache);
  const unsubscribe = source.onChange(() => {
    dropReplaced(source.configurations());
    renew();
  });
  const timer = setInterval(renew, tickMs);
  const close = (): void => {
    clearInterval(timer);
    unsubscribe();
    source.close();
    metrics.close();
    cache.close();
    rest.close();
  };
  files.prepare();
  const [fault] = files.faults().values();
  if (fault !== undefined) {
    close();
    throw fault;
  }
  return { source, tokens, files, metrics, close };
}

function intentOf({ mode, apiGroup, audiences = [] }: AgentConfiguration): EndpointTokenIntent {
  // what mode attested needs, the configuration's schema has asked for
  return mode === "attested" ? { mode, apiGroup: apiGroup ?? "" } : { mode, audiences };
}

function loadClientCertificate({
  clientCertificate,
}: AgentConfiguration): Promise<LastGood<KeyPair>> | undefined {
  if (clientCertificate === undefined) return undefined;
  return createLastGood({
    what: "certificate",
    files: [clientCertificate.certFile, clientCertificate.keyFile],
    load: () => loadKeyPair(clientCertificate),
  });
}

interface OpenSocket {
  readonly file: SocketFile;
  close(): void;
}

async function openSocket(
  { configuration, clock = systemClock }: AgentOptions,
  { tokens, metrics }: Keeping,
  keyPair: LastGood<KeyPair> | undefined,
  log: AgentLog,
): Promise<OpenSocket | undefined> {
  if (configuration.socket === undefined) return undefined;
  const clientCertificate = () => keyPair?.current;
  const server: Server = createAgentSocket({
    async answer({ server: host, certificateAuthority }: AgentQuestion): Promise<AgentAnswer> {
      const ca = certificateAuthority === undefined ? undefined : Buffer.from(certificateAuthority, "base64");
      try {
        const token = await tokens.ask({ server: host, certificateAuthority: ca });
        metrics.countAnswer("");
        return { token: agentToken(token, clock), clientCertificate: clientCertificate() };
      } catch (error) {
        metrics.countAnswer(errorCodeOf(error));
        return { failure: asFailure(error), clientCertificate: clientCertificate() };
      }
    },
    onFault: (problem) => log.write("warn", "a question over the socket failed", { problem }),
  });
  const file = await listenOnSocketFile(server, configuration.socket);
  return {
    file,
    close() {
      file.remove();
      server.close();
    },
  };
}

function asFailure(error: unknown): CountersignError {
  if (error instanceof CountersignError) return error;
  return new CountersignError("ERR_INTERNAL", messageOf(error), { cause: error });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stop(server: AdminServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
