import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Cluster } from "./acquisition.ts";
import { type PinnedProcess, pinned, pinning, startPinned } from "./pinned-process.ts";
import { type BenchOptions, median, type Row, ratio } from "./row.ts";

const [serverCore, loadCore] = [0, 1];
const mebibyte = 1024 * 1024;
const followed = 500;

/** Both sides of the measurement, and the kubelet that both reach. */
interface Stage {
  readonly file: (name: string) => string;
  readonly kubelet: PinnedProcess;
  readonly gateway: PinnedProcess;
  readonly bare: PinnedProcess;
}

/** What the gateway costs a log on its way, and what many logs at once cost it. */
export async function gatewayRows(cluster: Cluster, { short }: BenchOptions): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-bench-"));
  const bytes = (short ? 32 : 256) * mebibyte;
  const stage = await startStage(cluster, folder, bytes);
  try {
    return [await streamingRow(stage, bytes, short), await followingRow(stage, short)];
  } finally {
    await Promise.all([stage.gateway, stage.bare, stage.kubelet].map((each) => each.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function streamingRow(stage: Stage, bytes: number, short: boolean): Promise<Row> {
  const rounds: { ours: number; bare: number }[] = [];
  for (let round = 0; round < (short ? 3 : 7); round += 1)
    rounds.push({
      bare: await throughput(stage, stage.bare, bytes),
      ours: await throughput(stage, stage.gateway, bytes),
    });
  const reached = median(rounds.map(({ ours, bare }) => ours / bare));
  const each = (side: "ours" | "bare"): string =>
    (median(rounds.map((round) => round[side])) / mebibyte).toFixed(0);
  return {
    what: "gateway ÷ node:https proxy: one large log",
    mustReach: ">= 0.9",
    reached: ratio(reached),
    met: reached >= 0.9,
    note: `${each("ours")} and ${each("bare")} MiB/s of ${bytes / mebibyte} MiB, TLS on both sides; ${pinning}`,
  };
}

/** Bytes in a second. */
async function throughput(stage: Stage, server: PinnedProcess, bytes: number): Promise<number> {
  const [result] = await load(stage, server, { path: logPath(), whole: { times: 2, bytes } });
  return result!.bytes / result!.seconds;
}

async function followingRow(stage: Stage, short: boolean): Promise<Row> {
  const held: number[] = [];
  const follow = { readers: followed, forMs: short ? 3_000 : 20_000 };
  const [, last] = await load(stage, stage.gateway, { path: logPath("follow=true"), follow }, () =>
    held.push(stage.gateway.residentBytes()),
  );
  const [opened, ended] = held as [number, number];
  const reached = ended / opened;
  return {
    what: "gateway, 500 followed logs at once: resident memory after a while ÷ when all were open",
    mustReach: "<= 1.2",
    reached: ratio(reached),
    met: reached <= 1.2,
    note: `${(ended / mebibyte).toFixed(0)} and ${(opened / mebibyte).toFixed(0)} MiB, after ${last!.seconds.toFixed(0)} s, ten lines a second each; ${pinning}`,
  };
}

interface LoadResult {
  readonly bytes: number;
  readonly seconds: number;
}

/** Not synchronously: the API server that the gateway asks runs in this process. */
async function load(
  { file }: Stage,
  server: PinnedProcess,
  task: object,
  onResult: () => void = () => undefined,
): Promise<readonly LoadResult[]> {
  const tls = { caFile: file("ca.crt"), certFile: file("tenant.crt"), keyFile: file("tenant.key") };
  const text = JSON.stringify({ port: Number(server.ready), ...tls, ...task });
  const { command, args } = pinned(loadCore, [resolve("scripts/bench/log-load.ts"), text]);
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exit = new Promise<number | null>((done) => child.once("exit", done));
  const results: LoadResult[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    results.push(JSON.parse(line) as LoadResult);
    onResult();
  }
  if ((await exit) !== 0) throw new Error("the load of logs failed");
  return results;
}

function logPath(query = ""): string {
  return `/api/v1/namespaces/default/pods/web/log?container=app${query && `&${query}`}`;
}

async function startStage(cluster: Cluster, folder: string, bytes: number): Promise<Stage> {
  const file = (name: string): string => join(folder, name);
  const { controlPlane } = cluster;
  writeCertificates(controlPlane.certificateAuthority, file);
  writeFileSync(file("ca.crt"), controlPlane.caPem);
  await controlPlane.writeKubeconfig(file("kubeconfig"));
  const kubeletFiles = {
    certFile: file("kubelet.crt"),
    keyFile: file("kubelet.key"),
    caFile: file("ca.crt"),
  };
  const kubelet = await startScript(loadCore, "log-kubelet", { ...kubeletFiles, bytes });
  const kubeletPort = Number(kubelet.ready);
  await plant(cluster, kubeletPort);
  writeFileSync(file("gateway.yaml"), configuration(kubeletPort));
  const executable = resolve("dist/commands/countersign.cjs");
  const args = [executable, "gateway", "--config", file("gateway.yaml"), "--kubeconfig", file("kubeconfig")];
  const serving = { certFile: file("tls.crt"), keyFile: file("tls.key") };
  const client = { clientCertFile: file("client.crt"), clientKeyFile: file("client.key") };
  const bareTask = { ...serving, ...client, kubeletPort, kubeletCAFile: file("ca.crt") };
  return {
    ...{ file, kubelet },
    gateway: await startPinned(serverCore, args, /"port":(\d+)/),
    bare: await startScript(serverCore, "bare-proxy", bareTask),
  };
}

/** As plain JavaScript: stripping types is no part of what is measured. */
function startScript(core: number, name: string, task: object): Promise<PinnedProcess> {
  const script = resolve(`dist/${name}.mjs`);
  writeFileSync(script, stripTypeScriptTypes(readFileSync(`scripts/bench/${name}.ts`, "utf8")));
  return startPinned(core, [script, JSON.stringify(task)], /"port":(\d+)/);
}

function writeCertificates(
  authority: Cluster["controlPlane"]["certificateAuthority"],
  file: (name: string) => string,
): void {
  const here = { ipAddresses: ["127.0.0.1"] };
  const certificates = {
    tls: authority.issue({ commonName: "gateway", ...here }),
    kubelet: authority.issue({ commonName: "system:node:bench", organization: "system:nodes", ...here }),
    client: authority.issue({ commonName: "countersign-gateway" }),
    tenant: authority.issue({ commonName: "tenant" }),
  };
  for (const [name, { certificatePem, keyPem }] of Object.entries(certificates)) {
    writeFileSync(file(`${name}.crt`), certificatePem);
    writeFileSync(file(`${name}.key`), keyPem, { mode: 0o600 });
  }
}

/** The pod, the node it runs on, and the tenant's leave to read its log. */
async function plant({ client }: Cluster, kubeletPort: number): Promise<void> {
  const rbac = "rbac.authorization.k8s.io";
  const status = {
    addresses: [{ type: "InternalIP", address: "127.0.0.1" }],
    daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
  };
  const create = (path: string, body: object): Promise<unknown> => client.request({ path, body });
  await create("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name: "bench" }, status });
  await create("/api/v1/namespaces/default/pods", {
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "web" } },
    spec: { nodeName: "bench", containers: [{ name: "app", image: "app" }] },
  });
  await create(`/apis/${rbac}/v1/clusterroles`, {
    ...{ apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata: { name: "bench-logs" } },
    rules: [{ apiGroups: [""], resources: ["pods/log"], verbs: ["get"] }],
  });
  await create(`/apis/${rbac}/v1/clusterrolebindings`, {
    ...{ apiVersion: `${rbac}/v1`, kind: "ClusterRoleBinding", metadata: { name: "bench-logs" } },
    subjects: [{ apiGroup: rbac, kind: "User", name: "tenant" }],
    roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "bench-logs" },
  });
}

function configuration(kubeletPort: number): string {
  return `apiVersion: countersign.dev/v1alpha1
kind: GatewayConfiguration
listen: {host: "127.0.0.1", port: 0}
admin: {host: "127.0.0.1", port: 0}
tls: {certFile: tls.crt, keyFile: tls.key}
authentication: {clientCAFile: ca.crt}
kubelet:
  clientCertificate: {certFile: client.crt, keyFile: client.key}
  caFile: ca.crt
  addressTypes: [InternalIP]
  addressRanges: [127.0.0.0/8]
  ports: [${kubeletPort}]
`;
}
