import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { addresses } from "./addresses.ts";
import type { NodeFiles } from "./node-files.ts";

export const pauseImage = "localhost/pause:1";

export interface DaemonConfiguration {
  readonly containerd: string;
  readonly kubelet: string;
  readonly kubeProxy: string;
}

export interface DaemonConfigurationOptions {
  readonly cgroupRoot: string;
  readonly openFiles: number;
  readonly networkPluginFolder: string;
  readonly kubeProxyKubeconfig: string;
}

/** The configuration files of the daemons that have one; every deviation from a default is there because a sandbox forbids it. */
export function writeDaemonConfiguration(
  files: NodeFiles,
  options: DaemonConfigurationOptions,
): DaemonConfiguration {
  const networks = join(files.folder, "networks");
  mkdirSync(networks, { recursive: true });
  files.write("networks/10-pods.conflist", JSON.stringify(podNetwork()));
  return {
    containerd: files.write("containerd.toml", containerd(networks, options.networkPluginFolder)),
    kubelet: files.write("kubelet.yaml", JSON.stringify(kubelet(files, options))),
    kubeProxy: files.write("kube-proxy.yaml", JSON.stringify(kubeProxy(options))),
  };
}

/** A routed pair for each pod: between pods of one bridge, answers of a Service would need br_netfilter. */
function podNetwork(): object {
  const addressing = {
    type: "host-local",
    ranges: [[{ subnet: addresses.podNetwork }]],
    routes: [{ dst: "0.0.0.0/0" }],
  };
  return {
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [{ type: "ptp", ipMasq: false, mtu: 1500, ipam: addressing }],
  };
}

/** Without CAP_SYS_RESOURCE a negative oom_score_adj, which pause gets, ends runc before the container starts. */
function containerd(networks: string, networkPluginFolder: string): string {
  return `version = 3
imports = []
disabled_plugins = ['io.containerd.internal.v1.opt']
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '${pauseImage}'
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ['${networkPluginFolder}']
  conf_dir = '${networks}'
  use_internal_loopback = true
`;
}

function kubelet(files: NodeFiles, { cgroupRoot, openFiles }: DaemonConfigurationOptions): object {
  const { certFile, keyFile } = files.certificate("kubelet-serving");
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    failCgroupV1: false,
    failSwapOn: false,
    cgroupDriver: "cgroupfs",
    cgroupRoot,
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    resolvConf: files.write("resolv.conf", ""),
    tlsCertFile: certFile,
    tlsPrivateKeyFile: keyFile,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true, cacheTTL: "1s" },
      x509: { clientCAFile: files.caFile },
    },
    authorization: {
      mode: "Webhook",
      webhook: { cacheAuthorizedTTL: "1s", cacheUnauthorizedTTL: "1s" },
    },
    // images are imported, so none may be deleted; a full disk of the machine is none of this node's
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      "memory.available": "100Mi",
      "nodefs.available": "0%",
      "nodefs.inodesFree": "0%",
      "imagefs.available": "0%",
    },
    nodeStatusUpdateFrequency: "2s",
    // after so long a pod is brought what changed in its ConfigMaps and Secrets; a minute otherwise
    syncFrequency: "10s",
    oomScoreAdj: 0,
    maxOpenFiles: openFiles,
    volumePluginDir: "/var/lib/kubelet/volumeplugins",
  };
}

/** kube-proxy waits a second for more changes otherwise, in which a new pod is not reached. */
function kubeProxy({ kubeProxyKubeconfig }: DaemonConfigurationOptions): object {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "nftables",
    clusterCIDR: addresses.podNetwork,
    clientConnection: { kubeconfig: kubeProxyKubeconfig },
    oomScoreAdj: 0,
    nftables: { minSyncPeriod: "10ms" },
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
  };
}
