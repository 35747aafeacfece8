import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Agent, createAgent } from "../../src/agent/agent.ts";
import type { Webhook, WebhookConfiguration } from "../../src/apis/admissionregistration.ts";
import { execCredential } from "../../src/commands/exec-credential.ts";
import { parseAgentConfiguration } from "../../src/configuration/load-agent-configuration.ts";
import { parseKubeconfig } from "../../src/kubeconfig/parse-kubeconfig.ts";
import { type ControlPlane, startControlPlane } from "../../src/testing/control-plane.ts";
import type { ControlPlaneOptions } from "../../src/testing/control-plane-options.ts";
import { kubeconfigConnection } from "../../src/transport/kubeconfig-connection.ts";
import {
  createRestClient,
  type RestClient,
  type RestClientOptions,
} from "../../src/transport/rest-client.ts";
import { capturedIO } from "../commands/captured-io.ts";
import { execInfo } from "../commands/exec-credential-rig.ts";
import { poll } from "../rig/poll.ts";
import { startTcpRelay, type TcpRelay } from "../tcp-relay.ts";

export const host = "svc.ns.svc:443";
export const caller = { namespace: "kube-system", name: "caller" };

/** An agent of the embedded control plane's, whose clock it has, and which it reaches through a relay that can be cut. */
export interface AgentRig {
  readonly controlPlane: ControlPlane;
  readonly relay: TcpRelay;
  readonly admin: RestClient;
  readonly folder: string;
  readonly socket: string;
  file(name: string): string;
  read(name: string): string;
  /** Starts an agent with these fields beside those every agent has. */
  start(fields?: Readonly<Record<string, unknown>>): Promise<RunningAgent>;
  create(name: string, ...webhooks: readonly Partial<Webhook>[]): Promise<WebhookConfiguration>;
  remove(name: string): Promise<void>;
  /** What the plugin says, run in this process, with the agent's socket. */
  plugin(server?: string, ...more: readonly string[]): Promise<PluginAnswer>;
  /** Waits for a token of the plugin's. */
  token(server?: string): Promise<PluginAnswer>;
  close(): Promise<void>;
}

export interface RunningAgent {
  readonly log: () => string;
  readyz(): Promise<string>;
  metric(name: string): Promise<readonly string[]>;
  /** Takes a configuration with these fields into use. */
  reload(fields?: Readonly<Record<string, unknown>>): Promise<void>;
  close(): Promise<void>;
}

export interface PluginAnswer {
  readonly exitCode: number;
  readonly token: string;
  readonly expiresAt: number;
  readonly status: Readonly<Record<string, string>>;
  readonly err: string;
}

const configurationsPath = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

export async function startAgentRig(options: ControlPlaneOptions = {}): Promise<AgentRig> {
  const controlPlane = await startControlPlane({
    webhookAuthentication: { serviceAccount: caller },
    ...options,
  });
  const relay = await startTcpRelay(controlPlane.port);
  const { client } = await kubeconfigConnection(parseKubeconfig(controlPlane.adminKubeconfig, "rig"));
  const admin = createRestClient(client);
  const folder = mkdtempSync(join(tmpdir(), "countersign-agent-"));
  const file = (name: string): string => join(folder, name);
  const socket = file("run/agent.sock");
  const running: RunningAgent[] = [];
  const plugin = async (server = `https://${host}`, ...more: readonly string[]): Promise<PluginAnswer> => {
    const io = capturedIO({ KUBERNETES_EXEC_INFO: execInfo({ server }) });
    const exitCode = await execCredential.run(["--socket", socket, ...more], io);
    const status = io.out() === "" ? {} : JSON.parse(io.out()).status;
    const expiresAt = Date.parse(status.expirationTimestamp);
    return { exitCode, token: status.token ?? "", expiresAt, status, err: io.err() };
  };
  return {
    controlPlane,
    relay,
    admin,
    folder,
    socket,
    file,
    read: (name) => readFileSync(file(name), "utf8"),
    async start(fields = {}) {
      const agent = await startAgent(fields, folder, { ...client, server: relay.url }, controlPlane);
      running.push(agent);
      return agent;
    },
    async create(name, ...webhooks) {
      const body = { metadata: { name }, webhooks: webhooks.map(withDefaults) };
      return (await admin.request<WebhookConfiguration>({ path: configurationsPath, body })).body;
    },
    async remove(name) {
      await admin.request({ method: "DELETE", path: `${configurationsPath}/${name}` });
    },
    plugin,
    async token(server) {
      return poll("a token", async () => {
        const answer = await plugin(server);
        return answer.token.startsWith("ey") ? answer : undefined;
      });
    },
    async close() {
      for (const agent of running) await agent.close();
      admin.close();
      await relay.stop();
      await controlPlane.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startAgent(
  fields: Readonly<Record<string, unknown>>,
  directory: string,
  cluster: RestClientOptions,
  { clock }: ControlPlane,
): Promise<RunningAgent> {
  const parse = (changed: Readonly<Record<string, unknown>>) => {
    const text = JSON.stringify({
      apiVersion: "countersign.dev/v1alpha1",
      kind: "AgentConfiguration",
      serviceAccount: caller,
      apiGroup: "*",
      socket: "run/agent.sock",
      admin: { port: 0 },
      ...changed,
    });
    return parseAgentConfiguration(text, { file: "agent.json", directory });
  };
  let log = "";
  const agent: Agent = createAgent({
    configuration: parse(fields),
    cluster,
    clock,
    log: { write: (line) => (log += line) },
  });
  const { adminPort } = await agent.start();
  const get = async (path: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${adminPort}${path}`)).text();
  return {
    log: () => log,
    readyz: () => get("/readyz?verbose"),
    metric: async (name) =>
      (await get("/metrics"))
        .split("\n")
        .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `)),
    reload: (changed = {}) => agent.reload(parse(changed)),
    close: () => agent.close(),
  };
}

/** A webhook for Deployments at {@link host}. */
function withDefaults(webhook: Partial<Webhook>, index: number): Partial<Webhook> {
  return {
    name: `w${index}.example.com`,
    clientConfig: { service: { namespace: "ns", name: "svc", path: "/validate" } },
    rules: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["*"], resources: ["deployments"] }],
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    failurePolicy: "Fail",
    ...webhook,
  };
}

/** What a token says of itself. */
export function claimsOf(token: string): {
  readonly exp: number;
  readonly aud: readonly string[];
  readonly "kubernetes.io": { readonly validatingwebhookconfiguration?: { readonly uid: string } };
} {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
}
