import { execFile, execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Cluster, callerAccount } from "./acquisition.ts";
import { type BenchOptions, median, type Row, ratio } from "./row.ts";

const executable = resolve("dist/commands/countersign.cjs");

/** The credential plugin with a token at hand, as a whole process, against a Node that does nothing. */
export async function pluginRows(cluster: Cluster, { short }: BenchOptions): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-bench-"));
  try {
    const run = await pluginRun(cluster, folder);
    const rounds = Array.from({ length: short ? 10 : 60 }, () => ({
      node: timed(() => execFileSync(process.execPath, ["-e", "0"])),
      plugin: timed(run),
    })).slice(2);
    const reached = median(rounds.map(({ node, plugin }) => plugin / node));
    return [
      {
        what: "exec-credential, token cached, whole process ÷ node -e 0",
        mustReach: "<= 1.2",
        reached: ratio(reached),
        met: reached <= 1.2,
        note: `${median(rounds.map((round) => round.plugin)).toFixed(1)} and ${median(rounds.map((round) => round.node)).toFixed(1)} ms, in turn`,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function pluginRun({ controlPlane }: Cluster, folder: string): Promise<() => void> {
  const kubeconfig = join(folder, "kubeconfig");
  await controlPlane.writeKubeconfig(kubeconfig);
  const cacheDir = join(folder, "cache");
  mkdirSync(cacheDir, { mode: 0o700 });
  const args = [
    ...[
      executable,
      "exec-credential",
      "--api-group",
      "*",
      "--cache-dir",
      cacheDir,
      "--kubeconfig",
      kubeconfig,
    ],
    ...["--service-account", `${callerAccount.namespace}/${callerAccount.name}`],
  ];
  const cluster = { server: "https://w0.bench.svc:443", "tls-server-name": "w0.bench.svc", config: null };
  const info = {
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    spec: { interactive: false, cluster },
  };
  const env = { ...process.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) };
  // not synchronously: the API server it asks runs in this process
  const { stdout: first, stderr } = await promisify(execFile)(process.execPath, args, { env });
  if (stderr !== "") throw new Error(stderr);
  return () => {
    const { stdout, status } = spawnSync(process.execPath, args, { env, encoding: "utf8" });
    if (status !== 0 || stdout !== first)
      throw new Error(`the plugin gave another answer than the first: ${status}`);
  };
}

function timed(run: () => unknown): number {
  const begin = performance.now();
  run();
  return performance.now() - begin;
}
