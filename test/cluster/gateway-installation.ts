import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import type { Finished } from "../rig/child-process.ts";
import { kubeconfigText } from "../rig/node/node-files.ts";
import { poll } from "../rig/poll.ts";
import { release, releaseNamespace } from "./helm.ts";
import { endsAtOnce, install, type Values } from "./installation.ts";
import { type Labels, sumOfSeries } from "./server-records.ts";
import type { SharedNode } from "./shared-node.ts";

/** What kubelets let the gateway's client certificate do. */
export const kubeletAccess = "docs/gateway/kubelet-access.yaml";

const gatewayName = `${release}-gateway`;
const gatewayLabels = `app.kubernetes.io/instance=${release},app.kubernetes.io/component=gateway`;

/** A gateway on the node, as the chart installs it, and those who use it with kubectl. */
export interface InstalledGateway {
  /** The Service on the host's loopback. */
  readonly url: string;
  readonly caPem: string;
  /** A kubeconfig file that names the gateway, and a ServiceAccount's token. */
  kubeconfig(serviceAccount: string): Promise<string>;
  /** Runs kubectl with it. */
  as(serviceAccount: string): (args: readonly string[]) => Promise<Finished>;
  /** A token of it, for who brings no kubectl. */
  token(serviceAccount: string): Promise<string>;
  /** Other values of the chart's `gateway`, until the gateway that has them serves alone. */
  change(values: Values): Promise<void>;
  metric(name: string, labels?: Labels): Promise<number>;
}

/** Installs it as docs/gateway.md says, with nothing but the chart and the Secrets that it asks for. */
export async function installGateway(node: SharedNode): Promise<InstalledGateway> {
  const { cluster, kubectl } = node;
  await kubectl(["create", "namespace", releaseNamespace]);
  const caPem = await createSecrets(node);
  await kubectl(["apply", "-f", kubeletAccess]);
  await installWith(node, {});
  const service = ["get", "service", gatewayName, `--namespace=${releaseNamespace}`];
  const address = await kubectl([...service, "--output=jsonpath={.spec.clusterIP}"]);
  const url = await cluster.reach("gateway", `${address}:443`);
  const token = (serviceAccount: string): Promise<string> => tokenOf(node, serviceAccount);
  const kubeconfig = async (serviceAccount: string): Promise<string> => {
    const text = kubeconfigText(url, caPem, { token: await token(serviceAccount) });
    return cluster.writeFile(`${serviceAccount.replace("/", "-")}.kubeconfig`, text);
  };
  return {
    ...{ url, caPem, token, kubeconfig },
    as: (serviceAccount) => async (args) =>
      cluster.kubectl([`--kubeconfig=${await kubeconfig(serviceAccount)}`, ...args]),
    change: (values) => installWith(node, values),
    metric: async (name, labels) => sumOfSeries(await metricsTexts(node), name, labels),
  };
}

/** The client certificate that kubelets know, and what tenants know the gateway by. Whose CA that is. */
async function createSecrets({ cluster, kubectl }: SharedNode): Promise<string> {
  const authority = createCertificateAuthority({ commonName: "gateway-ca" });
  const names = { dnsNames: [`${gatewayName}.${releaseNamespace}.svc`], ipAddresses: ["127.0.0.1"] };
  const pairs = {
    "kubelet-client": cluster.authority.issue({ commonName: "countersign-gateway" }),
    "gateway-tls": authority.issue({ commonName: "countersign-gateway", ...names }),
  };
  for (const [name, { certificatePem, keyPem }] of Object.entries(pairs))
    await kubectl(["create", "-f", "-"], {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/tls",
      metadata: { name, namespace: releaseNamespace },
      stringData: { "tls.crt": certificatePem, "tls.key": keyPem },
    });
  return authority.certificatePem;
}

/** One replica, so that what it counts is what was counted. */
async function installWith(node: SharedNode, values: Values): Promise<void> {
  const before = await gatewayPods(node);
  await install(node, {
    server: { enabled: false },
    gateway: {
      ...endsAtOnce,
      enabled: true,
      replicaCount: 1,
      clientCertificate: { existingSecret: "kubelet-client" },
      tls: { existingSecret: { name: "gateway-tls" } },
      ...values,
    },
  });
  const replaced = (name: string): boolean => before.includes(name);
  await poll(
    "the gateway to be replaced",
    async () => !(await gatewayPods(node)).some(replaced) || undefined,
  );
}

async function gatewayPods({ kubectl }: SharedNode): Promise<readonly string[]> {
  const query = ["get", "pods", `--namespace=${releaseNamespace}`, `--selector=${gatewayLabels}`];
  const names = await kubectl([...query, "--output=jsonpath={.items[*].metadata.name}"]);
  return names.split(" ").filter((name) => name !== "");
}

async function metricsTexts(node: SharedNode): Promise<readonly string[]> {
  const names = await gatewayPods(node);
  const path = (name: string): string =>
    `/api/v1/namespaces/${releaseNamespace}/pods/${name}:8080/proxy/metrics`;
  return Promise.all(names.map((name) => node.kubectl(["get", `--raw=${path(name)}`])));
}

async function tokenOf({ kubectl }: SharedNode, serviceAccount: string): Promise<string> {
  const [namespace, name] = serviceAccount.split("/");
  return (await kubectl(["create", "token", name!, `--namespace=${namespace}`])).trim();
}
