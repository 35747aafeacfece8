import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Webhook } from "../../src/apis/admissionregistration.ts";
import { Secret } from "../../src/secret.ts";
import { type ControlPlane, startControlPlane } from "../../src/testing/control-plane.ts";
import type { ControlPlaneOptions } from "../../src/testing/control-plane-options.ts";
import { createRestClient, type RestClient } from "../../src/transport/rest-client.ts";

export interface ControlPlaneRig {
  readonly controlPlane: ControlPlane;
  /** As administrator. */
  readonly client: RestClient;
  readonly folder: string;
  readonly kubeconfig: string;
  write(name: string, text: string): Promise<string>;
  close(): Promise<void>;
}

/** A control plane with ServiceAccount kube-system/caller, which may attest group `apps`, and a kubeconfig for it. */
export async function startControlPlaneRig(options: ControlPlaneOptions = {}): Promise<ControlPlaneRig> {
  const controlPlane = await startControlPlane(options);
  const folder = await mkdtemp(join(tmpdir(), "countersign-commands-"));
  const kubeconfig = join(folder, "kubeconfig");
  await controlPlane.writeKubeconfig(kubeconfig);
  const requestedAt = Date.now();

  const token = {
    token: new Secret(controlPlane.adminToken),
    requestedAt,
    expiresAt: Number.POSITIVE_INFINITY,
  };
  const client = createRestClient({
    server: controlPlane.url,
    ca: controlPlane.caPem,
    token: { token: async () => token },
  });
  const rbac = "/apis/rbac.authorization.k8s.io/v1";
  const metadata = { name: "attest-apps" };
  const attest = {
    apiGroups: ["authentication.k8s.io"],
    resources: ["admissionReviewAPIGroups"],
    verbs: ["attest"],
  };
  await client.request({
    path: "/api/v1/namespaces/kube-system/serviceaccounts",
    body: { metadata: { name: "caller" } },
  });
  const rules = [{ ...attest, resourceNames: ["apps"] }];
  await client.request({ path: `${rbac}/clusterroles`, body: { metadata, rules } });
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "attest-apps" };
  const subjects = [{ kind: "ServiceAccount", namespace: "kube-system", name: "caller" }];
  await client.request({ path: `${rbac}/clusterrolebindings`, body: { metadata, roleRef, subjects } });
  return {
    controlPlane,
    client,
    folder,
    kubeconfig,
    async write(name, text) {
      const file = join(folder, name);
      await writeFile(file, text);
      return file;
    },
    async close() {
      client.close();
      await controlPlane.stop();
      await rm(folder, { recursive: true });
    },
  };
}

/** Registers a configuration; the webhooks are for Deployments and of the kind's v1. */
export async function register(
  { client }: ControlPlaneRig,
  kind: "validating" | "mutating",
  name: string,
  ...webhooks: (Partial<Webhook> & Pick<Webhook, "name" | "clientConfig">)[]
): Promise<void> {
  const defaults = {
    rules: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["*"], resources: ["deployments"] }],
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    failurePolicy: "Ignore",
  };
  await client.request({
    path: `/apis/admissionregistration.k8s.io/v1/${kind}webhookconfigurations`,
    body: { metadata: { name }, webhooks: webhooks.map((webhook) => ({ ...defaults, ...webhook })) },
  });
}
