import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { admissionFlags } from "./admission-flags.ts";
import { releases, resolveBinary } from "./binaries.ts";
import { startProcess } from "./child-process.ts";
import { freePort } from "./free-port.ts";
import { poll } from "./poll.ts";
import type { RealControlPlane } from "./real-control-plane.ts";
import { serviceAccountKubeconfig } from "./service-account-kubeconfig.ts";
import { strictKubectl } from "./strict-kubectl.ts";

export const wardleAccount = { namespace: "wardle", name: "apiserver" };
export const wardleGroup = "wardle.example.com";

export interface SampleApiserver {
  /** Acts as the server's own ServiceAccount. */
  readonly kubeconfigFile: string;
  /** Everything it printed. */
  log(): string;
  stop(): Promise<void>;
}

export interface SampleApiserverOptions {
  /** Started with `aggregation`. */
  readonly controlPlane: RealControlPlane;
  /** The kubeconfig its webhook plugins present credentials from; given the file its ServiceAccount is reached by. */
  readonly webhookKubeconfig: (kubeconfigFile: string) => string;
}

/**
 * The unmodified sample-apiserver, a Go aggregated API server that keeps `flunders`, behind kube-apiserver. It acts as a
 * ServiceAccount with the grants such a server needs anyway, nothing of webhook tokens among them.
 */
export async function startSampleApiserver(
  { controlPlane, webhookKubeconfig }: SampleApiserverOptions,
  say: (line: string) => void = () => undefined,
): Promise<SampleApiserver> {
  const { file: command } = await resolveBinary("sample-apiserver", releases["sample-apiserver"], say);
  const kubectl = strictKubectl(controlPlane);
  const folder = join(controlPlane.folder, "sample-apiserver");
  mkdirSync(folder);
  const port = await freePort();
  const authority = createCertificateAuthority({ commonName: "sample-apiserver-ca" });
  const pair = authority.issue({ commonName: "sample-apiserver", dnsNames: ["api.wardle.svc"] });
  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  await kubectl(["apply", "-f", "-"], { apiVersion: "v1", kind: "List", items: objects() });
  const kubeconfigFile = await serviceAccountKubeconfig(wardleAccount, controlPlane);
  const server = startProcess({
    command,
    args: [
      `--etcd-servers=${controlPlane.etcdUrl}`,
      `--secure-port=${port}`,
      "--bind-address=127.0.0.1",
      `--tls-cert-file=${write("tls.crt", pair.certificatePem)}`,
      `--tls-private-key-file=${write("tls.key", pair.keyPem)}`,
      ...["", "authentication-", "authorization-"].map((of) => `--${of}kubeconfig=${kubeconfigFile}`),
      ...admissionFlags(folder, webhookKubeconfig(kubeconfigFile)),
    ],
  });
  const stop = async (): Promise<void> => void (await server.stop(1_000));
  try {
    await kubectl(["apply", "-f", "-"], apiService(port, authority.certificatePem));
    await poll("flunders to be served", async () => {
      if (server.exitCode !== undefined) return "ended";
      const { code } = await controlPlane.kubectl(["get", `flunders.${wardleGroup}`, "--request-timeout=5s"]);
      return code === 0 ? "served" : undefined;
    });
    if (server.exitCode !== undefined) throw new Error(`sample-apiserver ended with ${server.exitCode}`);
  } catch (cause) {
    await stop();
    throw new Error(`sample-apiserver: ${server.output().slice(-2_000)}`, { cause });
  }
  return { kubeconfigFile, log: () => server.output(), stop };
}

function objects(): readonly object[] {
  const { namespace } = wardleAccount;
  const subjects = [{ kind: "ServiceAccount", ...wardleAccount }];
  const rbac = "rbac.authorization.k8s.io";
  const binding = (kind: "ClusterRole" | "Role", role: string, of?: string): object => ({
    apiVersion: `${rbac}/v1`,
    kind: `${kind}Binding`,
    metadata: { name: `wardle:${role}`, namespace: of },
    roleRef: { apiGroup: rbac, kind, name: role },
    subjects,
  });
  const readable = (apiGroup: string, ...resources: string[]): object => ({
    apiGroups: [apiGroup],
    resources,
    verbs: ["get", "list", "watch"],
  });
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: wardleAccount },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRole",
      metadata: { name: "aggregated-apiserver" },
      rules: [
        readable("", "namespaces"),
        readable(
          "admissionregistration.k8s.io",
          "mutatingwebhookconfigurations",
          "validatingwebhookconfigurations",
          "validatingadmissionpolicies",
          "validatingadmissionpolicybindings",
          // missing in its example manifests: without them it answers every write with "not yet ready to handle request"
          "mutatingadmissionpolicies",
          "mutatingadmissionpolicybindings",
        ),
        readable("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations", "flowschemas"),
      ],
    },
    binding("ClusterRole", "aggregated-apiserver"),
    binding("ClusterRole", "system:auth-delegator"),
    binding("Role", "extension-apiserver-authentication-reader", "kube-system"),
  ];
}

/** The Service leads back to this machine; kube-apiserver's proxy expects a certificate for its cluster name all the same. */
function apiService(port: number, caPem: string): object {
  const { namespace } = wardleAccount;
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "api", namespace },
    spec: { type: "ExternalName", externalName: "localhost" },
  };
  const registration = {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: `v1alpha1.${wardleGroup}` },
    spec: {
      group: wardleGroup,
      version: "v1alpha1",
      groupPriorityMinimum: 1_000,
      versionPriority: 15,
      service: { name: "api", namespace, port },
      caBundle: Buffer.from(caPem).toString("base64"),
    },
  };
  return { apiVersion: "v1", kind: "List", items: [service, registration] };
}
