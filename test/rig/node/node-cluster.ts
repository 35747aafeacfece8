import { existsSync, readFileSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import { type Finished, run } from "../child-process.ts";
import { freePort } from "../free-port.ts";
import { poll } from "../poll.ts";
import { type StrictKubectl, strictKubectl } from "../strict-kubectl.ts";
import { addresses } from "./addresses.ts";
import { createCgroup } from "./cgroups.ts";
import { pauseImage, writeDaemonConfiguration } from "./daemon-configuration.ts";
import {
  type ApiServerOptions,
  containerd,
  etcd,
  kubeApiServer,
  kubeControllerManager,
  kubelet,
  kubeProxy,
  kubeScheduler,
} from "./daemons.ts";
import { writeImageArchive } from "./image-archive.ts";
import { type ServingKind, useServingCertificate } from "./kubelet-certificate.ts";
import { type Namespaces, startNamespaces } from "./namespaces.ts";
import { gatherNodeBinaries, type NodeBinaries } from "./node-binaries.ts";
import { type Certificate, kubeconfigText, type NodeFiles, writeNodeFiles } from "./node-files.ts";
import { untilNodeReady, untilReady } from "./readiness.ts";
import { startRelay } from "./relay.ts";

export interface NodeCluster {
  /** Removed by `stop`. */
  readonly folder: string;
  /** kube-apiserver on the host's loopback. */
  readonly url: string;
  /** The kubelet on the host's loopback. */
  readonly kubeletUrl: string;
  readonly caPem: string;
  readonly caFile: string;
  readonly adminToken: string;
  /** Signs users' certificates, and kubelets'. */
  readonly authority: CertificateAuthority;
  /** The node's `/etc/countersign` and `/opt/countersign`, for what kube-apiserver reads. */
  readonly etc: string;
  readonly opt: string;
  /** system:masters, from the host. */
  readonly kubeconfigFile: string;
  readonly namespaces: Namespaces;
  readonly kubectlProgram: string;
  kubectl(args: readonly string[], input?: string): Promise<Finished>;
  /** Takes the images of an archive, under the names it gives them. */
  importImages(archive: string): Promise<void>;
  /** A file of the node's, readable by nobody else, and its path. */
  writeFile(name: string, content: string): string;
  /** An address inside, `IP:PORT`, on the host's loopback: `https://127.0.0.1:PORT`. `name` is nobody else's. */
  reach(name: string, target: string): Promise<string>;
  /** What the kubelet serves with from now on. The API server does not reach it by any but a valid one. */
  useServingCertificate(kind: ServingKind): Promise<void>;
  /** kube-apiserver anew, over the same etcd. */
  restartApiServer(options: ApiServerOptions): Promise<void>;
  stop(): Promise<void>;
}

/** A cluster of one node: the control plane, a kubelet and running pods, in namespaces of its own. Needs root. */
export async function startNodeCluster(
  options: ApiServerOptions,
  say: (line: string) => void = () => undefined,
): Promise<NodeCluster> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-node-"));
  const discard = (): void =>
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  process.once("exit", discard);
  const stops = [
    async () => {
      process.off("exit", discard);
      await rm(folder, { recursive: true, force: true });
    },
  ];
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const cluster = await assemble(folder, options, stops, say);
    return { ...cluster, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function assemble(
  folder: string,
  options: ApiServerOptions,
  stops: (() => Promise<void>)[],
  say: (line: string) => void,
): Promise<Omit<NodeCluster, "stop">> {
  const binaries = await gatherNodeBinaries(join(folder, "bin"), say);
  const files = writeNodeFiles(join(folder, "files"));
  const cgroup = createCgroup();
  stops.push(() => cgroup.remove());
  const namespaces = await startNamespaces(folder, binaries.path);
  stops.push(() => namespaces.stop());
  try {
    const restartKubelet = await startDaemons(
      { folder, binaries, files, namespaces, cgroupRoot: cgroup.root },
      options,
    );
    const url = await reach(folder, namespaces, "api-server", `127.0.0.1:${addresses.apiServerPort}`, stops);
    const kubeletUrl = await reach(
      folder,
      namespaces,
      "kubelet",
      `${addresses.nodeIp}:${addresses.kubeletPort}`,
      stops,
    );
    const kubeconfigFile = files.write(
      "admin.kubeconfig",
      kubeconfigText(url, files.caPem, { token: files.adminToken }),
    );
    const { caPem, caFile, adminToken, authority } = files;
    const kubectlProgram = join(binaries.folder, "kubectl");
    const kubectl: NodeCluster["kubectl"] = (args, input) =>
      run(kubectlProgram, args, {
        env: { PATH: process.env.PATH, HOME: folder, KUBECONFIG: kubeconfigFile },
        input: input ?? "",
      });
    const [etc, opt] = [join(folder, "etc"), join(folder, "opt")];
    const cluster = {
      folder,
      etc,
      opt,
      url,
      kubeletUrl,
      caPem,
      caFile,
      adminToken,
      authority,
      kubeconfigFile,
      namespaces,
      kubectlProgram,
      kubectl,
    };
    await untilNodeReady(cluster);
    await labelNode(cluster);
    return {
      ...cluster,
      importImages: (archive) => importImages(namespaces, archive),
      writeFile: files.write,
      reach: (name, target) => reach(folder, namespaces, name, target, stops),
      useServingCertificate: (kind) =>
        useServingCertificate(kind, {
          ...{ files, kubeletUrl, restartKubelet },
          podNames: () => runningPods(strictKubectl(cluster)),
        }),
      async restartApiServer(changed) {
        await namespaces.keep("kube-apiserver", kubeApiServer(files, changed));
        await untilReady(cluster);
      },
    };
  } catch (error) {
    throw new Error(`the node did not come up:\n${namespaces.lastWords()}`, { cause: error });
  }
}

interface Parts {
  readonly folder: string;
  readonly binaries: NodeBinaries;
  readonly files: NodeFiles;
  readonly namespaces: Namespaces;
  readonly cgroupRoot: string;
}

/**
 * The kubelet last: it starts pods from the images that are there. The others wait for kube-apiserver themselves. How to run the
 * kubelet once more, as it is.
 */
async function startDaemons(
  { namespaces, files, ...parts }: Parts,
  options: ApiServerOptions,
): Promise<() => Promise<void>> {
  const client = (name: Certificate): string => {
    const { certFile, keyFile } = files.certificate(name);
    const user = { "client-certificate": certFile, "client-key": keyFile };
    const server = `https://127.0.0.1:${addresses.apiServerPort}`;
    return files.write(`${name}.kubeconfig`, kubeconfigText(server, files.caPem, user));
  };
  const configuration = writeDaemonConfiguration(files, {
    cgroupRoot: parts.cgroupRoot,
    openFiles: openFilesLimit(),
    networkPluginFolder: parts.binaries.networkPluginFolder,
    kubeProxyKubeconfig: client("kube-proxy"),
  });
  await namespaces.keep("etcd", etcd());
  await namespaces.keep("containerd", containerd(configuration));
  await namespaces.keep("kube-apiserver", kubeApiServer(files, options));
  await untilInside(namespaces, "kube-apiserver", [
    ...["kubectl", `--server=https://127.0.0.1:${addresses.apiServerPort}`],
    ...[`--certificate-authority=${files.caFile}`, `--token=${files.adminToken}`, "get", "--raw=/readyz"],
  ]);
  await namespaces.keep(
    "kube-controller-manager",
    kubeControllerManager(files, client("kube-controller-manager")),
  );
  await namespaces.keep("kube-scheduler", kubeScheduler(client("kube-scheduler")));
  await namespaces.keep("kube-proxy", kubeProxy(configuration));
  await untilInside(namespaces, "containerd", ["ctr", "version"]);
  const program = join(parts.binaries.folder, "pause");
  await importImages(
    namespaces,
    await writeImageArchive(join(parts.folder, "pause"), { name: pauseImage, program }),
  );
  const startKubelet = (): Promise<void> =>
    namespaces.keep("kubelet", kubelet(configuration, client("kubelet")));
  await startKubelet();
  return startKubelet;
}

async function runningPods(kubectl: StrictKubectl): Promise<readonly string[]> {
  const query = ["get", "pods", "--all-namespaces", "--field-selector=status.phase=Running"];
  const names = await kubectl([...query, "--output=jsonpath={.items[*].metadata.name}"]);
  return names.split(" ").filter((name) => name !== "");
}

function untilInside(namespaces: Namespaces, what: string, command: readonly string[]): Promise<true> {
  return poll(
    `${what} to answer`,
    async () => ((await namespaces.run(command)).code === 0 ? true : undefined),
    { timeoutMs: 120_000 },
  );
}

async function importImages(namespaces: Namespaces, archive: string): Promise<void> {
  const { code, stdout, stderr } = await namespaces.run(
    ["ctr", "--namespace=k8s.io", "images", "import", "--local", archive],
    { timeoutMs: 120_000 },
  );
  if (code !== 0) throw new Error(`${archive} could not be imported: ${stdout}${stderr}`);
}

/** The limit that the kubelet may set without privileges. */
function openFilesLimit(): number {
  const [, hard] = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  return Number(hard ?? 1_024);
}

/** A port of the node as one of the host's loopback. */
async function reach(
  folder: string,
  namespaces: Namespaces,
  name: string,
  target: string,
  stops: (() => Promise<void>)[],
): Promise<string> {
  const path = join(folder, `${name}.sock`);
  const [host, port] = target.split(":");
  const module = JSON.stringify(new URL("relay.ts", import.meta.url).href);
  const program = `import(${module}).then(({startRelay})=>startRelay(${JSON.stringify({ path })},${JSON.stringify({ host, port: Number(port) })}))`;
  await namespaces.keep(`relay-${name}`, ["node", "-e", program]);
  await poll(`a way to ${target}`, () => existsSync(path) || undefined);
  const outside = await freePort();
  const relay = await startRelay({ host: "127.0.0.1", port: outside }, { path });
  stops.push(() => relay.close());
  return `https://127.0.0.1:${outside}`;
}

/** A kubelet may not say so of its own node. */
async function labelNode({ kubectl }: Pick<NodeCluster, "kubectl">): Promise<void> {
  await strictKubectl({ kubectl })([
    "label",
    "node",
    addresses.node,
    "node-role.kubernetes.io/control-plane=",
  ]);
}
