import { type Finished, run } from "../rig/child-process.ts";
import type { RealControlPlane } from "../rig/real-control-plane.ts";
import { strictKubectl } from "../rig/strict-kubectl.ts";
import { executable } from "./serve-process.ts";

/** A command that client-go's exec stanza names. */
export interface Plugin {
  readonly command: string;
  readonly args: readonly string[];
}

/** A command of the built package; `kubeconfigFile` says as whom. */
export function runCountersign(
  kubeconfigFile: string,
  args: readonly string[],
  input = "",
): Promise<Finished> {
  return run(process.execPath, [executable, ...args], {
    env: { ...process.env, KUBECONFIG: kubeconfigFile },
    input,
  });
}

/** `countersign rbac … | kubectl apply -f -`: what it prints has to be enough, and is all that is granted. */
export async function grantAsPrinted(controlPlane: RealControlPlane, args: readonly string[]): Promise<void> {
  const printed = await runCountersign(controlPlane.kubeconfigFile, ["rbac", ...args]);
  if (printed.code !== 0) throw new Error(`countersign rbac: ${printed.stderr}`);
  await strictKubectl(controlPlane)(["apply", "-f", "-"], printed.stdout);
}

/** A kubeconfig's user that gets its credentials from the plugin. */
export function execUser(plugin: Plugin): object {
  return {
    exec: {
      apiVersion: "client.authentication.k8s.io/v1",
      ...plugin,
      interactiveMode: "Never",
      provideClusterInfo: true,
    },
  };
}
