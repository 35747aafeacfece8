import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fillPluginFolder } from "../../scripts/plugin-folder.ts";
import { fileInNotes, flagsInNotes } from "./notes.ts";
import { initialGate, type SharedNode } from "./shared-node.ts";

const gate = "APIServerWebhookAuthenticationToken=true";

/** The gate of a kube-apiserver that shows nothing; of one that shows tokens nothing is kept here. */
let gateOf: boolean | undefined = initialGate;

/** kube-apiserver with the gate by which tokens are bound to webhook configurations, or without; it shows nothing of itself. */
export async function showNothing({ cluster }: SharedNode, attestations: boolean): Promise<void> {
  if (gateOf === attestations) return;
  await cluster.restartApiServer({ attestations });
  gateOf = attestations;
}

/** kube-apiserver as the chart's NOTES say it has to be set up, with the plugin as docs/kube-apiserver.md has it. */
export async function presentTokens(
  { cluster }: SharedNode,
  notes: string,
  kubeconfig = fileInNotes(notes, "/etc/countersign/webhooks.kubeconfig"),
): Promise<void> {
  writeFileSync(join(cluster.etc, "admission.yaml"), fileInNotes(notes, "/etc/countersign/admission.yaml"));
  writeFileSync(join(cluster.etc, "webhooks.kubeconfig"), kubeconfig);
  fillPluginFolder(cluster.opt);
  const flags = flagsInNotes(notes);
  gateOf = undefined;
  await cluster.restartApiServer({
    attestations: flags.some((flag) => flag.endsWith(gate)),
    extraFlags: flags.filter((flag) => !flag.endsWith(gate)),
  });
}
