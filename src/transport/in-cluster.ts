import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { httpsOrigin } from "../apis/host-port.ts";
import { createCachedTokenSource } from "../credentials/cached-token-source.ts";
import { createFileTokenSource } from "../credentials/file-token-source.ts";
import { CountersignError } from "../errors.ts";
import type { ClusterConnection } from "./cluster-connection.ts";

/** Where the kubelet mounts a pod's ServiceAccount. */
const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface InClusterOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default `/var/run/secrets/kubernetes.io/serviceaccount`. */
  readonly folder?: string;
}

/**
 * The API server of the cluster we run in, called as the pod's ServiceAccount; undefined outside a cluster. The token
 * is read again about every 48 s, for the kubelet replaces it.
 * @throws ERR_KUBECONFIG in a pod without the mounted files.
 */
export async function inClusterConnection(options: InClusterOptions): Promise<ClusterConnection | undefined> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = options.env;
  if (!host || !port) return undefined;
  const folder = options.folder ?? serviceAccountFolder;
  const source = createFileTokenSource({ file: join(folder, "token") });
  // a pod without a token is told now, not at the first request
  await source.token();
  return {
    client: {
      server: httpsOrigin({ host, port }),
      ca: await readMounted(join(folder, "ca.crt")),
      token: createCachedTokenSource({ source }),
    },
    namespace: (await readFile(join(folder, "namespace"), "utf8").catch(() => "default")).trim(),
    credentials: ["tokenFile"],
  };
}

async function readMounted(file: string): Promise<string> {
  return readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new CountersignError("ERR_KUBECONFIG", `in-cluster: ${file} cannot be read (${cause.code})`, {
      cause,
    });
  });
}
