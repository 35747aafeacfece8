import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RealControlPlane } from "./real-control-plane.ts";
import { strictKubectl } from "./strict-kubectl.ts";

/** A kubeconfig that acts as a ServiceAccount for an hour, in the control plane's folder. */
export async function serviceAccountKubeconfig(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  controlPlane: RealControlPlane,
): Promise<string> {
  const kubectl = strictKubectl(controlPlane);
  const token = (await kubectl(["create", "token", name, "-n", namespace, "--duration=1h"])).trim();
  const admin = JSON.parse(readFileSync(controlPlane.kubeconfigFile, "utf8")) as Record<string, unknown>;
  const file = join(controlPlane.folder, `${namespace}-${name}.kubeconfig`);
  writeFileSync(file, JSON.stringify({ ...admin, users: [{ name: "admin", user: { token } }] }), {
    mode: 0o600,
  });
  return file;
}
