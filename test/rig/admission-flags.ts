import { writeFileSync } from "node:fs";
import { join } from "node:path";

const configApi = "apiserver.config.k8s.io/v1";

/** Flags that make a Go API server present the credentials of this kubeconfig to webhooks of both kinds; its files go into `folder`. */
export function admissionFlags(folder: string, webhookKubeconfig: string | undefined): readonly string[] {
  if (webhookKubeconfig === undefined) return [];
  const kubeConfigFile = join(folder, "webhooks.kubeconfig");
  writeFileSync(kubeConfigFile, webhookKubeconfig, { mode: 0o600 });
  const configuration = { apiVersion: configApi, kind: "WebhookAdmissionConfiguration", kubeConfigFile };
  const plugins = ["ValidatingAdmissionWebhook", "MutatingAdmissionWebhook"].map((name) => ({
    name,
    configuration,
  }));
  const file = join(folder, "admission.yaml");
  writeFileSync(file, JSON.stringify({ apiVersion: configApi, kind: "AdmissionConfiguration", plugins }));
  return [`--admission-control-config-file=${file}`];
}
