import { copyFileSync, existsSync, linkSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type BinaryRelease, BinaryUnavailable, releases, resolveBinary } from "../binaries.ts";

const kubernetes = releases["kubernetes-1.37"];
/** What a node runs that is built from Go modules. */
export const nodePrograms: Readonly<Record<string, BinaryRelease>> = {
  etcd: releases.etcd,
  "kube-apiserver": kubernetes,
  "kube-controller-manager": kubernetes,
  "kube-scheduler": kubernetes,
  "kube-proxy": kubernetes,
  kubelet: kubernetes,
  kubectl: kubernetes,
  containerd: releases.containerd,
  "containerd-shim-runc-v2": releases.containerd,
  ctr: releases.containerd,
  pause: releases.pause,
};

/** Programs of the distribution, and the package that Debian keeps each in. */
const installed = {
  bash: "bash",
  ip: "iproute2",
  mount: "mount",
  nft: "nftables",
  nsenter: "util-linux",
  runc: "runc",
  tar: "tar",
  unshare: "util-linux",
} as const;
const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const networkPlugins = ["/usr/lib/cni", "/opt/cni/bin"];

export interface NodeBinaries {
  /** What the node's programs find each other by. */
  readonly path: string;
  readonly folder: string;
  readonly networkPluginFolder: string;
}

/** All that a node is made of, in one folder of its own: the node's view of the machine may hide where they came from. */
export async function gatherNodeBinaries(folder: string, say: (line: string) => void): Promise<NodeBinaries> {
  assertInstalled();
  mkdirSync(folder, { recursive: true });
  for (const [name, release] of Object.entries(nodePrograms))
    takeAlong((await resolveBinary(name, release, say)).file, join(folder, name));
  takeAlong(process.execPath, join(folder, "node"));
  const networkPluginFolder = join(folder, "cni");
  mkdirSync(networkPluginFolder, { recursive: true });
  for (const plugin of ["ptp", "host-local"])
    takeAlong(findNetworkPlugin(plugin) ?? plugin, join(networkPluginFolder, plugin));
  return { folder, networkPluginFolder, path: `${folder}:${systemPath}` };
}

/** @throws {BinaryUnavailable} which names the packages */
function assertInstalled(): void {
  const missing = Object.entries(installed).filter(
    ([program]) => !systemPath.split(":").some((folder) => existsSync(join(folder, program))),
  );
  const packages = new Set<string>(missing.map(([, name]) => name));
  if (!["ptp", "host-local"].every(findNetworkPlugin)) packages.add("containernetworking-plugins");
  if (packages.size > 0)
    throw new BinaryUnavailable(`not installed here, by their Debian names: ${[...packages].join(", ")}`);
}

function findNetworkPlugin(name: string): string | undefined {
  return networkPlugins.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

/** Half a gigabyte in all, copied only where a link cannot reach. */
function takeAlong(file: string, target: string): void {
  try {
    linkSync(file, target);
  } catch {
    copyFileSync(file, target);
  }
}
