import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startProcess } from "../rig/child-process.ts";
import { freePort } from "../rig/free-port.ts";
import { poll } from "../rig/poll.ts";
import type { Plugin } from "./package-commands.ts";
import { executable, type LogLine } from "./serve-process.ts";

export interface AgentOptions {
  /** Where its configuration, socket and token files go; made where it is missing. */
  readonly folder: string;
  readonly kubeconfigFile: string;
  /** Besides what this program says itself. */
  readonly configuration: Readonly<Record<string, unknown>>;
}

export interface AgentProcess {
  /** Asks it over its socket. */
  readonly plugin: Plugin;
  log(): readonly LogLine[];
  metrics(): Promise<string>;
  /** Status and text of `/readyz?verbose`. */
  readiness(): Promise<{ readonly ready: boolean; readonly text: string }>;
  stop(): Promise<number>;
}

/** `countersign agent` as a process of its own, from the built package, answering `/livez`. */
export async function startAgent(options: AgentOptions): Promise<AgentProcess> {
  const { folder, kubeconfigFile, configuration } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const socket = join(folder, "agent.sock");
  const port = await freePort();
  const config = join(folder, "agent.json");
  writeFileSync(
    config,
    JSON.stringify({
      apiVersion: "countersign.dev/v1alpha1",
      kind: "AgentConfiguration",
      cluster: { kubeconfigFile },
      socket,
      admin: { host: "127.0.0.1", port },
      log: { level: "debug" },
      ...configuration,
    }),
  );
  const agent = startProcess({ command: process.execPath, args: [executable, "agent", "--config", config] });
  const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`);
  await poll("countersign agent to answer", async () => {
    if (agent.exitCode !== undefined) return "ended";
    return (await get("/livez")).ok ? "answers" : undefined;
  });
  if (agent.exitCode !== undefined)
    throw new Error(`countersign agent ended with ${agent.exitCode}: ${agent.output()}`);
  return {
    plugin: { command: process.execPath, args: [executable, "exec-credential", `--socket=${socket}`] },
    log: () =>
      agent
        .output()
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line) as LogLine),
    metrics: async () => (await get("/metrics")).text(),
    async readiness() {
      const answer = await get("/readyz?verbose");
      return { ready: answer.ok, text: await answer.text() };
    },
    stop: () => agent.stop(10_000),
  };
}

/** One sample's value in the text of `/metrics`; 0 where it is not there. */
export function metricOf(text: string, sample: string): number {
  const line = text.split("\n").find((one) => one.startsWith(`${sample} `));
  return Number(line?.slice(sample.length + 1) ?? 0);
}
