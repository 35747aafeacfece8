import { readFile } from "node:fs/promises";
import { CountersignError } from "../errors.ts";
import type { Kubeconfig, KubeconfigCluster, KubeconfigUser } from "./kubeconfig.ts";

/** What a context says: where the API server is, who calls it, which namespace is meant. */
export interface ResolvedContext {
  readonly name: string;
  readonly cluster: KubeconfigCluster & { readonly server: string };
  readonly userName: string;
  readonly user: KubeconfigUser;
  readonly namespace: string | undefined;
}

/**
 * The context of that name, or the current one.
 * @throws ERR_KUBECONFIG naming the context, cluster or user that is not there.
 */
export function resolveContext(kubeconfig: Kubeconfig, name?: string): ResolvedContext {
  const wanted = name || kubeconfig["current-context"];
  const where = kubeconfig.files.join(", ") || "no kubeconfig";
  if (!wanted)
    throw fault(
      kubeconfig.files.length === 0
        ? "no kubeconfig was found, and this is no pod: give --kubeconfig or set KUBECONFIG"
        : `${where}: current-context: is not set: name one with kubectl config use-context`,
    );
  const context = kubeconfig.contexts.get(wanted);
  if (context === undefined)
    throw fault(`${where}: there is no context ${quoted(wanted)}, only ${list(kubeconfig.contexts.keys())}`);
  const cluster = kubeconfig.clusters.get(context.cluster ?? "");
  if (cluster === undefined)
    throw fault(`${where}: context ${quoted(wanted)}: there is no cluster ${quoted(context.cluster ?? "")}`);
  const { server } = cluster;
  if (!server) throw fault(`${where}: cluster ${quoted(context.cluster ?? "")}: server: is required`);
  const userName = context.user ?? "";
  const user = userName === "" ? {} : kubeconfig.users.get(userName);
  if (user === undefined)
    throw fault(`${where}: context ${quoted(wanted)}: there is no user ${quoted(userName)}`);
  return {
    name: wanted,
    cluster: { ...cluster, server },
    userName,
    user,
    namespace: context.namespace || undefined,
  };
}

/**
 * The cluster's CA bundle as PEM, or undefined where the system's roots are meant.
 * @throws ERR_KUBECONFIG for a file that cannot be read, or data that is not base64 of PEM.
 */
export async function loadClusterCA(cluster: KubeconfigCluster): Promise<string | undefined> {
  const data = cluster["certificate-authority-data"];
  const file = cluster["certificate-authority"];
  const field = data ? "certificate-authority-data" : "certificate-authority";
  if (!data && file === undefined) return undefined;
  const pem = data ? Buffer.from(data, "base64").toString("latin1") : await readCA(file!);
  if (!pem.includes("-----BEGIN CERTIFICATE-----"))
    throw fault(`cluster ${quoted(cluster.server ?? "")}: ${field}: holds no PEM certificate`);
  return pem;
}

async function readCA(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw fault(`certificate-authority: ${file} cannot be read (${code})`, error);
  }
}

const quoted = (name: string): string => JSON.stringify(name);
const list = (names: Iterable<string>): string => [...names].map(quoted).join(", ") || "none at all";

function fault(message: string, cause?: unknown): CountersignError {
  return new CountersignError("ERR_KUBECONFIG", message, cause === undefined ? undefined : { cause });
}
