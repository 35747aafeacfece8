import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from "../../src/testing/certificates/certificate-authority.ts";
import { admissionFlags } from "./admission-flags.ts";
import { createApiClient } from "./api-client.ts";
import { releases, resolveBinary } from "./binaries.ts";
import { type Finished, type RunningProcess, run, startProcess } from "./child-process.ts";
import { freePort } from "./free-port.ts";
import { poll } from "./poll.ts";

export interface RealControlPlaneOptions {
  readonly version?: "1.37" | "1.34";
  /** The gate APIServerWebhookAuthenticationToken, which only 1.37 knows. On by default there. */
  readonly attestations?: boolean;
  /** The kubeconfig that both webhook plugins present credentials from. */
  readonly webhookKubeconfig?: string | undefined;
  /** Requests for groups with an APIService are passed on, the user's name and groups in headers. */
  readonly aggregation?: boolean;
  readonly extraFlags?: readonly string[];
}

export interface RealControlPlane {
  readonly url: string;
  readonly caPem: string;
  readonly caFile: string;
  /** Signs client certificates that it takes for users. */
  readonly certificateAuthority: CertificateAuthority;
  /** With `aggregation`, signs certificates of front proxies; `front-proxy-client` is the name that is believed. */
  readonly frontProxyAuthority: CertificateAuthority;
  readonly adminToken: string;
  /** Where an aggregated API server may keep its objects as well, under a prefix of its own. */
  readonly etcdUrl: string;
  /** system:masters, by token. */
  readonly kubeconfigFile: string;
  /** Removed by `stop`. */
  readonly folder: string;
  kubectl(args: readonly string[], input?: string): Promise<Finished>;
  /** What kube-apiserver printed since it was last started. */
  log(): string;
  /** kube-apiserver is away until `restart`; etcd stays. */
  halt(): Promise<void>;
  /** The same etcd, address and keys; kube-apiserver anew, with other options. */
  restart(options: Pick<RealControlPlaneOptions, "webhookKubeconfig" | "extraFlags">): Promise<void>;
  stop(): Promise<void>;
}

export const issuer = "https://kubernetes.default.svc.cluster.local";

/** An unmodified kube-apiserver over its own etcd on loopback, ready to be asked. `say` is told which binaries were used. */
export async function startRealControlPlane(
  options: RealControlPlaneOptions,
  say: (line: string) => void = () => undefined,
): Promise<RealControlPlane> {
  const version = options.version ?? "1.37";
  const etcdBinary = await resolveBinary("etcd", releases.etcd, say);
  const serverBinary = await resolveBinary("kube-apiserver", releases[`kubernetes-${version}`], say);
  const kubectlBinary = await resolveBinary("kubectl", releases["kubernetes-1.37"], say);
  const folder = await mkdtemp(join(tmpdir(), "countersign-control-plane-"));
  const discard = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", discard);
  const [port, etcdUrl] = [await freePort(), `http://127.0.0.1:${await freePort()}`];
  const files = writeFiles(folder, `https://127.0.0.1:${port}`);
  const url = `https://127.0.0.1:${port}`;
  const etcd = startEtcd(etcdBinary.file, folder, etcdUrl, await freePort());
  let server: RunningProcess | undefined;
  const start = async (startOptions: RealControlPlaneOptions): Promise<void> => {
    const args = [
      ...baseFlags(files, port, etcdUrl),
      ...gateFlags(version, options),
      ...(options.aggregation === true ? aggregationFlags(folder) : []),
      ...admissionFlags(folder, startOptions.webhookKubeconfig),
    ];
    server = startProcess({
      command: serverBinary.file,
      args: [...args, ...(startOptions.extraFlags ?? [])],
    });
    await untilReady(server, url, files);
  };
  const stop = async (): Promise<void> => {
    await server?.stop(1_000);
    await etcd.stop();
    process.off("exit", discard);
    await rm(folder, { recursive: true, force: true });
  };
  const frontProxyAuthority = createCertificateAuthority({ commonName: "countersign-test-front-proxy-ca" });
  if (options.aggregation === true) writeFrontProxy(folder, frontProxyAuthority);
  await start(options).catch(async (cause: unknown) => {
    const { exitCode } = etcd;
    await stop();
    if (exitCode === undefined) throw cause;
    throw new Error(`etcd ended with ${exitCode}: ${etcd.output().slice(-2_000)}`, { cause });
  });
  return {
    url,
    etcdUrl,
    folder,
    stop,
    frontProxyAuthority,
    caPem: files.caPem,
    caFile: files.caFile,
    certificateAuthority: files.authority,
    adminToken: files.adminToken,
    kubeconfigFile: files.kubeconfigFile,
    kubectl: (args, input) =>
      run(kubectlBinary.file, args, {
        env: { PATH: process.env.PATH, HOME: folder, KUBECONFIG: files.kubeconfigFile },
        input: input ?? "",
      }),
    log: () => server?.output() ?? "",
    async halt() {
      await server?.stop(1_000);
    },
    async restart(startOptions) {
      await server?.stop(1_000);
      await start({ ...options, webhookKubeconfig: undefined, extraFlags: [], ...startOptions });
    },
  };
}

type Files = ReturnType<typeof writeFiles>;

function writeFiles(folder: string, url: string) {
  const authority = createCertificateAuthority({ commonName: "countersign-test-ca" });
  const serving = authority.issue({
    commonName: "kube-apiserver",
    dnsNames: ["localhost", "kubernetes.default.svc"],
    ipAddresses: ["127.0.0.1"],
  });
  const signing = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const adminToken = "administrator-of-a-loopback-test-server";
  const write = (name: string, content: string): string => {
    const file = join(folder, name);
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  };
  mkdirSync(join(folder, "certificates"));
  const user = { name: "admin", user: { token: adminToken } };
  const cluster = {
    name: "test",
    cluster: {
      server: url,
      "certificate-authority-data": Buffer.from(authority.certificatePem).toString("base64"),
    },
  };
  const context = { name: "test", context: { cluster: "test", user: "admin" } };
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [cluster],
    users: [user],
    contexts: [context],
    "current-context": "test",
  };
  return {
    authority,
    adminToken,
    caPem: authority.certificatePem,
    caFile: write("ca.crt", authority.certificatePem),
    certFile: write("serving.crt", serving.certificatePem),
    keyFile: write("serving.key", serving.keyPem),
    certDir: join(folder, "certificates"),
    signingKeyFile: write("sa.key", signing.privateKey.export({ type: "pkcs8", format: "pem" }).toString()),
    signingPublicFile: write("sa.pub", signing.publicKey.export({ type: "spki", format: "pem" }).toString()),
    tokensFile: write("tokens.csv", `${adminToken},admin,admin-uid,"system:masters"\n`),
    kubeconfigFile: write("admin.kubeconfig", JSON.stringify(kubeconfig)),
  };
}

function startEtcd(command: string, folder: string, clientUrl: string, peerPort: number): RunningProcess {
  const peerUrl = `http://127.0.0.1:${peerPort}`;
  const listeners = [
    "--listen-client-urls",
    clientUrl,
    "--advertise-client-urls",
    clientUrl,
    "--listen-peer-urls",
    peerUrl,
    "--initial-advertise-peer-urls",
    peerUrl,
  ];
  const args = [
    "--data-dir",
    join(folder, "etcd"),
    ...listeners,
    "--initial-cluster",
    `default=${peerUrl}`,
    "--unsafe-no-fsync",
    "--log-level",
    "error",
  ];
  return startProcess({ command, args });
}

function baseFlags(files: Files, port: number, etcdUrl: string): readonly string[] {
  return [
    `--etcd-servers=${etcdUrl}`,
    `--secure-port=${port}`,
    "--bind-address=127.0.0.1",
    `--cert-dir=${files.certDir}`,
    `--tls-cert-file=${files.certFile}`,
    `--tls-private-key-file=${files.keyFile}`,
    `--service-account-key-file=${files.signingPublicFile}`,
    `--service-account-signing-key-file=${files.signingKeyFile}`,
    `--service-account-issuer=${issuer}`,
    `--token-auth-file=${files.tokensFile}`,
    `--client-ca-file=${files.caFile}`,
    "--authorization-mode=Node,RBAC",
    "--service-cluster-ip-range=10.0.0.0/24",
    // no controller-manager makes the default ServiceAccounts that this plugin wants every Pod to have
    "--disable-admission-plugins=ServiceAccount",
  ];
}

function gateFlags(version: string, { attestations = true }: RealControlPlaneOptions): readonly string[] {
  return version === "1.34" ? [] : [`--feature-gates=APIServerWebhookAuthenticationToken=${attestations}`];
}

/** The front proxy has an authority of its own: whoever holds one of its certificates may say who the user is. */
function writeFrontProxy(folder: string, authority: CertificateAuthority): void {
  const { certificatePem, keyPem } = authority.issue({ commonName: "front-proxy-client" });
  const pems = { "ca.crt": authority.certificatePem, "client.crt": certificatePem, "client.key": keyPem };
  for (const [name, pem] of Object.entries(pems))
    writeFileSync(join(folder, `front-proxy-${name}`), pem, { mode: 0o600 });
}

function aggregationFlags(folder: string): readonly string[] {
  return [
    `--requestheader-client-ca-file=${join(folder, "front-proxy-ca.crt")}`,
    "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-uid-headers=X-Remote-Uid",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    `--proxy-client-cert-file=${join(folder, "front-proxy-client.crt")}`,
    `--proxy-client-key-file=${join(folder, "front-proxy-client.key")}`,
  ];
}

async function untilReady(server: RunningProcess, url: string, { caPem, adminToken }: Files): Promise<void> {
  const client = createApiClient({ url, caPem, token: adminToken });
  try {
    await poll(
      "kube-apiserver to be ready",
      async () => {
        if (server.exitCode !== undefined) return "ended";
        return (await client.get("/readyz")).status === 200 &&
          (await client.get("/api/v1/namespaces/default")).status === 200
          ? "ready"
          : undefined;
      },
      { timeoutMs: 120_000 },
    );
  } finally {
    client.close();
  }
  if (server.exitCode !== undefined)
    throw new Error(`kube-apiserver ended with ${server.exitCode}: ${server.output().slice(-2_000)}`);
}
