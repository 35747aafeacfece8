import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ApiAnswer, type ApiClient, createApiClient } from "../rig/api-client.ts";
import { type RunningProcess, startProcess } from "../rig/child-process.ts";
import { freePort } from "../rig/free-port.ts";
import { poll } from "../rig/poll.ts";
import type { RealControlPlane } from "../rig/real-control-plane.ts";
import { serviceAccountKubeconfig } from "../rig/service-account-kubeconfig.ts";
import { executable } from "./serve-process.ts";

export const namespace = "countersign-system";
export const name = "countersign";
export const configurationPath = `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${name}`;

/** How API servers verify the replicas: by the name of a Service that leads to this machine. */
export const serviceName = `${name}.${namespace}.svc`;

export interface Lives {
  readonly caValidity?: string;
  readonly certificateValidity?: string;
  readonly renewBefore?: string;
}

/** A replica as a process of its own, with no more rights than the chart grants. */
export interface Replica {
  readonly port: number;
  readonly process: RunningProcess;
  readyz(): Promise<{ readonly status: number; readonly text: string }>;
  /** The value of a metric, of all its labels together. */
  metric(name: string): Promise<number>;
}

const policy = `export default {
  name: "all",
  match: [{ operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*"] }],
  validate: () => true,
};
`;

/** What the chart grants for tls.mode selfSigned. */
const rules = {
  secret: {
    apiGroups: [""],
    resources: ["secrets"],
    resourceNames: [name],
    verbs: ["get", "list", "watch", "update"],
  },
  configurations: {
    apiGroups: ["admissionregistration.k8s.io"],
    resources: ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"],
    resourceNames: [name],
    verbs: ["list", "watch", "patch"],
  },
};

/** Namespace, Service, ServiceAccount and grants, as a chart would have made them, and the empty Secret. */
export async function prepareCluster(controlPlane: RealControlPlane): Promise<string> {
  const subjects = [{ kind: "ServiceAccount", name, namespace }];
  const rbac = "rbac.authorization.k8s.io";
  const metadata = { name, namespace };
  const objects = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion: "v1", kind: "Secret", metadata, type: "Opaque" },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      // kube-apiserver dials the name: no proxy is needed for it to reach a port of this machine
      spec: { type: "ExternalName", externalName: "localhost" },
    },
    { apiVersion: `${rbac}/v1`, kind: "Role", metadata, rules: [rules.secret] },
    {
      apiVersion: `${rbac}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: rbac, kind: "Role", name },
      subjects,
    },
    { apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata: { name }, rules: [rules.configurations] },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name },
      subjects,
    },
  ];
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
  const { code, stderr } = await controlPlane.kubectl(["create", "-f", "-"], list);
  if (code !== 0) throw new Error(stderr);
  return serviceAccountKubeconfig({ namespace, name }, controlPlane);
}

export async function startReplica(
  controlPlane: RealControlPlane,
  kubeconfig: string,
  lives: Lives = {},
): Promise<Replica> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const write = (file: string, content: string): string => {
    writeFileSync(join(controlPlane.folder, file), content, { mode: 0o600 });
    return join(controlPlane.folder, file);
  };
  write("all.ts", policy);
  const config = write(
    `server-${port}.json`,
    JSON.stringify({
      apiVersion: "countersign.dev/v1alpha1",
      kind: "ServerConfiguration",
      listen: { host: "127.0.0.1", port },
      admin: { host: "127.0.0.1", port: adminPort },
      tls: {
        selfSigned: {
          secret: { namespace, name },
          dnsNames: [serviceName],
          webhookConfigurations: [{ kind: "ValidatingWebhookConfiguration", name }],
          ...lives,
        },
      },
      webhooks: [{ path: "/validate", authentication: { mode: "off" }, policy: { file: "all.ts" } }],
      drain: { delay: "0s", timeout: "5s" },
      log: { level: "debug" },
    }),
  );
  const server = startProcess({
    command: process.execPath,
    args: [executable, "serve", "--config", config, "--kubeconfig", kubeconfig],
  });
  const admin = (path: string) => fetch(`http://127.0.0.1:${adminPort}${path}`);
  return {
    port,
    process: server,
    async readyz() {
      const answer = await admin("/readyz?verbose").catch(() => undefined);
      return { status: answer?.status ?? 0, text: (await answer?.text()) ?? "" };
    },
    async metric(metric) {
      const text = await (await admin("/metrics")).text();
      const values = text.matchAll(new RegExp(`^${metric}(?:\\{.*\\})? (\\S+)$`, "gm"));
      return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
    },
  };
}

export async function untilReady(replicas: readonly Replica[]): Promise<void> {
  for (const replica of replicas)
    await poll(
      "a replica to be ready",
      async () => {
        if (replica.process.exitCode !== undefined) throw new Error(replica.process.output());
        return (await replica.readyz()).status === 200 || undefined;
      },
      { timeoutMs: 60_000 },
    ).catch((cause: unknown) => {
      throw new Error(`a replica is not ready: ${replica.process.output()}`, { cause });
    });
}

/** One webhook for each replica, all of them asked about the ConfigMaps of one namespace. */
export function configurationOf(ports: readonly number[]) {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name },
    webhooks: ports.map((port, index) => ({
      name: `replica-${index}.countersign.dev`,
      clientConfig: { service: { name, namespace, path: "/validate", port } },
      rules: [
        {
          apiGroups: [""],
          apiVersions: ["v1"],
          operations: ["CREATE"],
          resources: ["configmaps"],
          scope: "Namespaced",
        },
      ],
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "watched" } },
      failurePolicy: "Fail",
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
      timeoutSeconds: 5,
    })),
  };
}

export function adminClient({ url, caPem, adminToken }: RealControlPlane): ApiClient {
  return createApiClient({ url, caPem, token: adminToken });
}

/** The caBundle of each webhook, as PEM. */
export async function caBundles(admin: ApiClient): Promise<readonly string[]> {
  const { body } = await admin.get(configurationPath);
  const { webhooks = [] } = body as { webhooks?: { clientConfig: { caBundle?: string } }[] };
  return webhooks.map(({ clientConfig }) => Buffer.from(clientConfig.caBundle ?? "", "base64").toString());
}

/** A request that every replica is asked about. */
export function createWatched(admin: ApiClient): Promise<ApiAnswer> {
  return admin.post("/api/v1/namespaces/watched/configmaps?dryRun=All", {
    metadata: { generateName: "asked-" },
  });
}
