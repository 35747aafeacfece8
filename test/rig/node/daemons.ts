import { addresses } from "./addresses.ts";
import type { DaemonConfiguration } from "./daemon-configuration.ts";
import type { NodeFiles } from "./node-files.ts";

/** A program and its arguments. */
export type CommandLine = readonly string[];

/** etcd keeps everything in memory: its folder is on the node's own tmpfs. */
export function etcd(): CommandLine {
  return [
    "etcd",
    "--data-dir=/run/etcd",
    "--unsafe-no-fsync",
    "--log-level=error",
    `--listen-client-urls=${addresses.etcdUrl}`,
    `--advertise-client-urls=${addresses.etcdUrl}`,
    `--listen-peer-urls=${addresses.etcdPeerUrl}`,
    `--initial-advertise-peer-urls=${addresses.etcdPeerUrl}`,
    `--initial-cluster=default=${addresses.etcdPeerUrl}`,
  ];
}

export interface ApiServerOptions {
  /** The gate APIServerWebhookAuthenticationToken. */
  readonly attestations: boolean;
  readonly extraFlags?: readonly string[];
}

export const issuer = "https://kubernetes.default.svc.cluster.local";

export function kubeApiServer(
  files: NodeFiles,
  { attestations, extraFlags = [] }: ApiServerOptions,
): CommandLine {
  const serving = files.certificate("kube-apiserver");
  return [
    "kube-apiserver",
    `--etcd-servers=${addresses.etcdUrl}`,
    "--bind-address=0.0.0.0",
    `--secure-port=${addresses.apiServerPort}`,
    `--advertise-address=${addresses.nodeIp}`,
    `--tls-cert-file=${serving.certFile}`,
    `--tls-private-key-file=${serving.keyFile}`,
    `--client-ca-file=${files.caFile}`,
    `--token-auth-file=${files.tokensFile}`,
    `--service-account-key-file=${files.signingPublicFile}`,
    `--service-account-signing-key-file=${files.signingKeyFile}`,
    `--service-account-issuer=${issuer}`,
    `--service-cluster-ip-range=${addresses.serviceNetwork}`,
    `--feature-gates=APIServerWebhookAuthenticationToken=${attestations}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--allow-privileged=true",
    ...towardsKubelet(files),
    ...frontProxy(files),
    ...extraFlags,
  ];
}

function towardsKubelet(files: NodeFiles): CommandLine {
  const { certFile, keyFile } = files.certificate("kubelet-client");
  return [
    `--kubelet-client-certificate=${certFile}`,
    `--kubelet-client-key=${keyFile}`,
    `--kubelet-certificate-authority=${files.caFile}`,
    "--kubelet-preferred-address-types=InternalIP",
  ];
}

function frontProxy(files: NodeFiles): CommandLine {
  const { certFile, keyFile } = files.certificate("front-proxy");
  return [
    `--requestheader-client-ca-file=${files.folder}/front-proxy-ca.crt`,
    "--requestheader-allowed-names=front-proxy",
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-uid-headers=X-Remote-Uid",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    `--proxy-client-cert-file=${certFile}`,
    `--proxy-client-key-file=${keyFile}`,
  ];
}

/** Its default of 20 requests a second keeps a new namespace waiting for its ServiceAccount. */
export function kubeControllerManager(files: NodeFiles, kubeconfig: string): CommandLine {
  return [
    "kube-controller-manager",
    ...asItself(kubeconfig),
    `--root-ca-file=${files.caFile}`,
    `--service-account-private-key-file=${files.signingKeyFile}`,
    "--use-service-account-credentials=true",
    "--flex-volume-plugin-dir=/var/lib/kubelet/volumeplugins",
    "--kube-api-qps=1000",
    "--kube-api-burst=1000",
  ];
}

export function kubeScheduler(kubeconfig: string): CommandLine {
  return ["kube-scheduler", ...asItself(kubeconfig)];
}

function asItself(kubeconfig: string): CommandLine {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    "--leader-elect=false",
  ];
}

export function kubeProxy({ kubeProxy: config }: DaemonConfiguration): CommandLine {
  return ["kube-proxy", `--config=${config}`, `--hostname-override=${addresses.node}`];
}

export function containerd({ containerd: config }: DaemonConfiguration): CommandLine {
  return ["containerd", `--config=${config}`];
}

export function kubelet({ kubelet: config }: DaemonConfiguration, kubeconfig: string): CommandLine {
  return [
    "kubelet",
    `--config=${config}`,
    `--kubeconfig=${kubeconfig}`,
    `--node-ip=${addresses.nodeIp}`,
    `--hostname-override=${addresses.node}`,
  ];
}
