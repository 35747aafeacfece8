import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { run } from "./child-process.ts";

export interface BinaryRelease {
  /** The folder under test/binaries whose go.mod pins the sources. */
  readonly module: string;
  readonly project: "kubernetes" | "etcd" | "sample-apiserver" | "containerd" | "pause" | "helm";
  readonly version: string;
  /** What is left out of the build, as Go says it. */
  readonly tags?: readonly string[];
}

export interface Binary {
  readonly file: string;
  readonly source: "KUBEBUILDER_ASSETS" | "cache" | "go build";
}

export const releases = {
  "kubernetes-1.37": { module: "kubernetes-1.37", project: "kubernetes", version: "1.37.0" },
  "kubernetes-1.34": { module: "kubernetes-1.34", project: "kubernetes", version: "1.34.4" },
  // kubectl alone: the last that asks for reviews in JSON, and the first that asks for SelfSubjectReview v1
  "kubernetes-1.28": { module: "kubernetes-1.28", project: "kubernetes", version: "1.28.15" },
  etcd: { module: "etcd", project: "etcd", version: "3.6.16" },
  "sample-apiserver": { module: "sample-apiserver", project: "sample-apiserver", version: "0.37.0" },
  // two file systems for images whose drivers need C
  containerd: { module: "containerd", project: "containerd", version: "2.4.2", tags: ["no_btrfs", "no_zfs"] },
  pause: { module: "pause", project: "pause", version: "1" },
  helm: { module: "helm", project: "helm", version: "4.3.1" },
} as const satisfies Record<string, BinaryRelease>;

const packages: Readonly<Record<string, string>> = {
  "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
  "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
  "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
  "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
  kubelet: "k8s.io/kubernetes/cmd/kubelet",
  kubectl: "k8s.io/kubernetes/cmd/kubectl",
  containerd: "github.com/containerd/containerd/v2/cmd/containerd",
  "containerd-shim-runc-v2": "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
  ctr: "github.com/containerd/containerd/v2/cmd/ctr",
  pause: "countersign.dev/test/binaries/pause",
  etcd: "go.etcd.io/etcd/server/v3",
  "sample-apiserver": "k8s.io/sample-apiserver",
  helm: "helm.sh/helm/v4/cmd/helm",
};

const versionArguments: Readonly<Record<string, readonly string[]>> = {
  kubectl: ["version", "--client"],
  helm: ["version", "--short"],
};

/** 255 s were measured for kube-apiserver on two idle cores; a slow machine is given six times that. */
const buildTimeoutMs = 25 * 60_000;

/** A binary cannot be had on this machine; the message says why. The suite that needs it is reported as skipped. */
export class BinaryUnavailable extends Error {}

/**
 * Finds a program of the real control plane: in KUBEBUILDER_ASSETS (where its version is the one asked for), in our cache,
 * or by building it once from Go modules into the cache. Says on the way which it was.
 */
export async function resolveBinary(
  name: string,
  release: BinaryRelease,
  say: (line: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Binary> {
  const { project, version } = release;
  const cached = join(cacheFolder(env), `${project}-v${version}`, name);
  const asset = await assetOf(name, version, say, env);
  const found: Binary | undefined =
    asset ?? (existsSync(cached) ? { file: cached, source: "cache" } : undefined);
  const binary = found ?? (await build(name, release, cached, say, env));
  say(`${name} ${version}: ${binary.file} (${binary.source})`);
  return binary;
}

function cacheFolder(env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "countersign", "binaries");
}

async function assetOf(
  name: string,
  version: string,
  say: (line: string) => void,
  env: NodeJS.ProcessEnv,
): Promise<Binary | undefined> {
  const folder = env.KUBEBUILDER_ASSETS;
  if (!folder) return undefined;
  const file = resolve(folder, name);
  if (!existsSync(file)) return undefined;
  const { stdout } = await run(file, versionArguments[name] ?? ["--version"]);
  if (stdout.includes(version)) return { file, source: "KUBEBUILDER_ASSETS" };
  say(`${name}: KUBEBUILDER_ASSETS holds another version than ${version} and is passed over`);
  return undefined;
}

/** Builds beside the target and renames, so that a half-written or twice-built program is never run. */
async function build(
  name: string,
  release: BinaryRelease,
  target: string,
  say: (line: string) => void,
  env: NodeJS.ProcessEnv,
): Promise<Binary> {
  const goVersion = await run("go", ["version"], { env }).catch((cause: unknown) => {
    throw new BinaryUnavailable(
      `${name} ${release.version} is in no cache and cannot be built: Go is not installed`,
      { cause },
    );
  });
  say(`${name} ${release.version}: building with ${goVersion.stdout.trim()}; minutes, once`);
  await mkdir(join(target, ".."), { recursive: true });
  const workplace = await mkdtemp(`${target}-`);
  try {
    const output = join(workplace, name);
    const args = [
      "build",
      "-trimpath",
      ...(release.tags === undefined ? [] : ["-tags", release.tags.join(" ")]),
      "-ldflags",
      linkerFlags(release),
      "-o",
      output,
      packages[name] ?? name,
    ];
    const cwd = resolve("test/binaries", release.module);
    const { code, stderr } = await run("go", args, {
      cwd,
      env: { ...env, CGO_ENABLED: "0" },
      timeoutMs: buildTimeoutMs,
    });
    if (code !== 0)
      throw new BinaryUnavailable(
        `${name} ${release.version} could not be built: ${stderr.trim().slice(-2_000)}`,
      );
    await rename(output, target);
    return { file: target, source: "go build" };
  } finally {
    await rm(workplace, { recursive: true, force: true });
  }
}

/** Without these a server calls itself v0.0.0, and some clients balk. */
function linkerFlags({ project, version }: BinaryRelease): string {
  if (project === "helm") return `-s -w -X helm.sh/helm/v4/internal/version.version=v${version}`;
  if (project !== "kubernetes") return "-s -w";
  const [major, minor] = version.split(".");
  const set = (name: string, value: string): string => `-X k8s.io/component-base/version.${name}=${value}`;
  return ["-s -w", set("gitVersion", `v${version}`), set("gitMajor", major!), set("gitMinor", minor!)].join(
    " ",
  );
}
