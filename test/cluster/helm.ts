import { join, resolve } from "node:path";
import { releases, resolveBinary } from "../rig/binaries.ts";
import { type Finished, run } from "../rig/child-process.ts";

export const chart = resolve("charts/countersign");
export const release = "countersign";
export const releaseNamespace = "countersign-system";

/** Helm to its end, on the cluster of a kubeconfig. */
export type Helm = (args: readonly string[], input?: string) => Promise<Finished>;

export async function createHelm(
  { folder, kubeconfigFile }: { readonly folder: string; readonly kubeconfigFile: string },
  say: (line: string) => void,
): Promise<Helm> {
  const { file } = await resolveBinary("helm", releases.helm, say);
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    KUBECONFIG: kubeconfigFile,
    HELM_CACHE_HOME: join(folder, "helm/cache"),
    HELM_CONFIG_HOME: join(folder, "helm/config"),
    HELM_DATA_HOME: join(folder, "helm/data"),
  };
  return (args, input = "") => run(file, args, { env, input, timeoutMs: 300_000 });
}
