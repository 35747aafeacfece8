import { copyFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fillPluginFolder } from "../../scripts/plugin-folder.ts";
import type { SharedNode } from "./shared-node.ts";

export interface TokenPresentation {
  /** The text of `/etc/countersign/webhooks.kubeconfig`; without it kube-apiserver shows nothing of itself. */
  readonly webhooksKubeconfig?: string;
  /** The gate by which tokens can be bound to webhook configurations. */
  readonly attestations: boolean;
}

/** kube-apiserver anew, set up as docs/kube-apiserver.md has it. The agent is the release's affair. */
export async function presentTokens(
  { cluster }: SharedNode,
  { webhooksKubeconfig, attestations }: TokenPresentation,
): Promise<void> {
  if (webhooksKubeconfig === undefined) return cluster.restartApiServer({ attestations });
  copyFileSync(resolve("docs/kube-apiserver/admission.yaml"), join(cluster.etc, "admission.yaml"));
  writeFileSync(join(cluster.etc, "webhooks.kubeconfig"), webhooksKubeconfig);
  fillPluginFolder(cluster.opt);
  await cluster.restartApiServer({
    attestations,
    extraFlags: ["--admission-control-config-file=/etc/countersign/admission.yaml"],
  });
}
