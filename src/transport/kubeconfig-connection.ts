import { createCachedTokenSource } from "../credentials/cached-token-source.ts";
import { createFileTokenSource } from "../credentials/file-token-source.ts";
import type { TokenSource } from "../credentials/token-source.ts";
import { CountersignError } from "../errors.ts";
import type { Kubeconfig } from "../kubeconfig/kubeconfig.ts";
import { loadKubeconfig, locateKubeconfig } from "../kubeconfig/load-kubeconfig.ts";
import { loadClusterCA, resolveContext } from "../kubeconfig/resolve-context.ts";
import { loadUserCredentials, type UserCredentials } from "../kubeconfig/user-credentials.ts";
import type { ClusterConnection } from "./cluster-connection.ts";
import { inClusterConnection } from "./in-cluster.ts";

export interface FindClusterOptions {
  /** `--kubeconfig`. */
  readonly kubeconfig?: string | undefined;
  /** `--context`. */
  readonly context?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The API server that is meant, found as kubectl finds it: `--kubeconfig`, `KUBECONFIG`, `~/.kube/config`, and where
 * none of them names a context, the cluster we run in.
 * @throws ERR_KUBECONFIG naming file and field, or saying that there is nothing of it all.
 */
export async function findCluster(options: FindClusterOptions): Promise<ClusterConnection> {
  const kubeconfig = await loadKubeconfig(
    locateKubeconfig({ explicit: options.kubeconfig, env: options.env }),
  );
  const named = options.kubeconfig || options.context || kubeconfig["current-context"];
  const inCluster = named ? undefined : await inClusterConnection({ env: options.env });
  return inCluster ?? kubeconfigConnection(kubeconfig, options.context);
}

/**
 * The API server and the user of a context.
 * @throws ERR_KUBECONFIG naming what cannot be used: an exec plugin, a proxy, a token over an unverified connection.
 */
export async function kubeconfigConnection(
  kubeconfig: Kubeconfig,
  context?: string,
): Promise<ClusterConnection> {
  const { cluster, userName, user, namespace } = resolveContext(kubeconfig, context);
  const credentials = await loadUserCredentials(userName, user);
  if (credentials.exec !== undefined)
    throw new CountersignError(
      "ERR_KUBECONFIG",
      `user ${JSON.stringify(userName)}: exec: exec plugins are not run here: use a token, a tokenFile or a client certificate`,
    );
  if (cluster["proxy-url"])
    throw new CountersignError(
      "ERR_KUBECONFIG",
      `cluster ${JSON.stringify(cluster.server)}: proxy-url: is not supported`,
    );
  const insecureSkipVerify = cluster["insecure-skip-tls-verify"] === true;
  if (insecureSkipVerify && (credentials.token !== undefined || credentials.basic !== undefined))
    throw new CountersignError(
      "ERR_KUBECONFIG",
      `cluster ${JSON.stringify(cluster.server)}: insecure-skip-tls-verify: a token or password is not sent over an unverified connection: give its certificate-authority`,
    );
  const { clientCertificate, basic, impersonate } = credentials;
  return {
    client: {
      server: cluster.server,
      ca: await loadClusterCA(cluster),
      serverName: cluster["tls-server-name"] || undefined,
      insecureSkipVerify,
      token: tokenSourceOf(credentials),
      clientCertificate,
      basic,
      impersonate,
    },
    namespace: namespace ?? "default",
  };
}

/** What a user's bearer token comes from: its file, before the token it was loaded with, which never ends by itself. */
export function tokenSourceOf({ token, tokenFile }: UserCredentials): TokenSource | undefined {
  if (tokenFile !== undefined)
    return createCachedTokenSource({ source: createFileTokenSource({ file: tokenFile, initial: token }) });
  if (token === undefined) return undefined;
  const fixed = { token, requestedAt: 0, expiresAt: Number.POSITIVE_INFINITY };
  return { token: () => Promise.resolve(fixed) };
}
