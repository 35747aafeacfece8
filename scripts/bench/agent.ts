import { execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { createAgent } from "../../src/agent/agent.ts";
import { createEndpointTokens } from "../../src/agent/endpoint-tokens.ts";
import { createAgentCache } from "../../src/agent/token-keeping.ts";
import type { WebhookConfiguration } from "../../src/apis/admissionregistration.ts";
import { parseAgentConfiguration } from "../../src/configuration/load-agent-configuration.ts";
import { askAgent } from "../../src/credentials/agent-socket-client.ts";
import { parseKubeconfig } from "../../src/kubeconfig/parse-kubeconfig.ts";
import { kubeconfigConnection } from "../../src/transport/kubeconfig-connection.ts";
import { type Cluster, callerAccount } from "./acquisition.ts";
import { type BenchOptions, median, type Row, ratio } from "./row.ts";

const executable = resolve("dist/commands/countersign.cjs");
const hostOf = (index: number): string => `https://m${index}.bench.svc:443`;
const webhooks = 20;
const callers = 50;

/** What the agent costs the API server: a process for each call of the plugin, and tokens. */
export async function agentRows(cluster: Cluster, { short }: BenchOptions): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-bench-"));
  try {
    await cluster.client.request({
      path: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
      body: manyWebhooks(),
    });
    return [
      await socketRow(cluster, folder, short),
      await steadyRow(cluster),
      await startRow(cluster, folder),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The whole process, client-go's way: started for one answer, with the agent in a process of its own. */
async function socketRow({ controlPlane }: Cluster, folder: string, short: boolean): Promise<Row> {
  await controlPlane.writeKubeconfig(join(folder, "kubeconfig"));
  const config = join(folder, "agent.json");
  writeFileSync(config, configurationText({ cluster: { kubeconfigFile: "kubeconfig" } }));
  const agent = spawn(process.execPath, [executable, "agent", "--config", config], { stdio: "ignore" });
  try {
    const args = [executable, "exec-credential", "--socket", join(folder, "run/agent.sock")];
    const env = { ...process.env, KUBERNETES_EXEC_INFO: execInfo() };
    // not synchronously: the API server that the agent asks runs in this process
    while (!(await promisify(execFile)(process.execPath, args, { env })).stdout.includes('"token":"ey'))
      await pause(100);
    const run = (): void => {
      const { stdout } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
      if (!stdout.includes('"token":"ey')) throw new Error("the plugin gave no token");
    };
    const rounds = Array.from({ length: short ? 10 : 60 }, () => ({
      node: timed(() => execFileSync(process.execPath, ["-e", "0"])),
      plugin: timed(run),
    })).slice(2);
    const reached = median(rounds.map(({ node, plugin }) => plugin / node));
    return {
      what: "exec-credential, over the agent's socket, whole process ÷ node -e 0",
      mustReach: "<= 1.3",
      reached: ratio(reached),
      met: reached <= 1.3,
      note: `${median(rounds.map((round) => round.plugin)).toFixed(1)} and ${median(rounds.map((round) => round.node)).toFixed(1)} ms, in turn`,
    };
  } finally {
    agent.kill();
  }
}

/** An hour by the control plane's clock, the agent's clockwork turned by hand. */
async function steadyRow({ controlPlane, client, configuration }: Cluster): Promise<Row> {
  const { clock } = controlPlane;
  const cache = createAgentCache(client, clock);
  const tokens = createEndpointTokens({
    configurations: {
      configurations: () => fixed,
      synced: true,
      ready: async () => undefined,
      onChange: () => () => undefined,
      close: () => undefined,
    },
    cache,
    clock,
    serviceAccount: callerAccount,
    intent: { mode: "attested", apiGroup: "*" },
    onUpdate: () => undefined,
  });
  const fixed = [configuration];
  const endpoint = { server: "https://w0.bench.svc:443" };
  tokens.keep(endpoint);
  await tokens.ask(endpoint);
  const before = controlPlane.statistics().tokensMinted;
  for (let second = 0; second < 3_600; second += 5) {
    clock.advance(5_000);
    tokens.renew();
    // a renewal that was begun comes to its end in real time
    await pause(3);
    await tokens.ask(endpoint);
  }
  const minted = controlPlane.statistics().tokensMinted - before;
  cache.close();
  return {
    what: "mints per webhook and hour, steady",
    mustReach: "<= 8",
    reached: String(minted),
    met: minted >= 6 && minted <= 8,
    note: "an hour by a clock that is moved on; every token lives 600 s and is renewed after 470",
  };
}

async function startRow({ controlPlane }: Cluster, folder: string): Promise<Row> {
  const { client } = await kubeconfigConnection(parseKubeconfig(controlPlane.adminKubeconfig, "bench"));
  const text = configurationText({ socket: "start/agent.sock", log: { level: "silent" } });
  const agent = createAgent({
    configuration: parseAgentConfiguration(text, { file: "agent.json", directory: folder }),
    cluster: client,
    clock: controlPlane.clock,
  });
  const before = controlPlane.statistics().tokensMinted;
  await agent.start();
  const answers = await Promise.all(
    Array.from({ length: callers }, () => askForAll(join(folder, "start/agent.sock"))),
  );
  await agent.close();
  const minted = controlPlane.statistics().tokensMinted - before;
  const distinct = new Set(answers.flat()).size;
  return {
    what: `tokens minted when ${callers} callers, ${webhooks} webhooks start at once`,
    mustReach: String(webhooks),
    reached: String(minted),
    met: minted === webhooks && distinct === webhooks,
    note: "over the agent's socket, counted by the API server",
  };
}

async function askForAll(socket: string): Promise<string[]> {
  const given: string[] = [];
  for (let index = 0; index < webhooks; index += 1) {
    const { token, failure } = await askAgent(socket, { server: hostOf(index) }, 30_000);
    if (token === undefined) throw failure;
    given.push(token.token.reveal());
  }
  return given;
}

function manyWebhooks(): WebhookConfiguration {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: "many" },
    webhooks: Array.from({ length: webhooks }, (_, index) => ({
      name: `m${index}.bench.example.com`,
      admissionReviewVersions: ["v1"],
      sideEffects: "None" as const,
      failurePolicy: "Ignore" as const,
      clientConfig: { service: { namespace: "bench", name: `m${index}`, path: "/validate", port: 443 } },
      rules: [
        {
          operations: ["CREATE" as const],
          apiGroups: ["batch"],
          apiVersions: ["v1"],
          resources: ["cronjobs"],
        },
      ],
    })),
  };
}

function configurationText(fields: object): string {
  return JSON.stringify({
    apiVersion: "countersign.dev/v1alpha1",
    kind: "AgentConfiguration",
    serviceAccount: callerAccount,
    apiGroup: "*",
    socket: "run/agent.sock",
    admin: { port: 0 },
    ...fields,
  });
}

function execInfo(): string {
  const cluster = { server: hostOf(0), "tls-server-name": "m0.bench.svc", config: null };
  return JSON.stringify({
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    spec: { interactive: false, cluster },
  });
}

function timed(run: () => unknown): number {
  const begin = performance.now();
  run();
  return performance.now() - begin;
}
