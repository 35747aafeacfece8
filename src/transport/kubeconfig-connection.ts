import { createCachedTokenSource } from "../credentials/cached-token-source.ts";
import { createExecTokenSource } from "../credentials/exec-token-source.ts";
import { createFileTokenSource } from "../credentials/file-token-source.ts";
import type { TokenSource } from "../credentials/token-source.ts";
import { CountersignError } from "../errors.ts";
import type { Kubeconfig, KubeconfigCluster, KubeconfigExec } from "../kubeconfig/kubeconfig.ts";
import { loadKubeconfig, locateKubeconfig } from "../kubeconfig/load-kubeconfig.ts";
import { loadClusterCA, resolveContext } from "../kubeconfig/resolve-context.ts";
import { loadUserCredentials, type UserCredentials } from "../kubeconfig/user-credentials.ts";
import type { ClusterConnection, CredentialKind } from "./cluster-connection.ts";
import { inClusterConnection } from "./in-cluster.ts";
import type { RestClientOptions } from "./rest-client.ts";

/** What says which API server is meant. */
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
  return inCluster ?? kubeconfigConnection(kubeconfig, options);
}

/** Which context, default the current one; and the environment of exec plugins. */
export type KubeconfigConnectionOptions = Pick<FindClusterOptions, "context" | "env">;

/**
 * The API server and the user of a context; an exec plugin is run when its token is first needed.
 * @throws ERR_KUBECONFIG naming what cannot be used: a proxy, a token over an unverified connection.
 */
export async function kubeconfigConnection(
  kubeconfig: Kubeconfig,
  options: KubeconfigConnectionOptions = { env: {} },
): Promise<ClusterConnection> {
  const { cluster, userName, user, namespace } = resolveContext(kubeconfig, options.context);
  const credentials = await loadUserCredentials(userName, user);
  const { clientCertificate, basic, impersonate, exec } = credentials;
  assertUsable(cluster, credentials);
  const ca = await loadClusterCA(cluster);
  const serverName = cluster["tls-server-name"] || undefined;
  return {
    client: {
      server: cluster.server,
      ca,
      serverName,
      insecureSkipVerify: cluster["insecure-skip-tls-verify"] === true,
      token:
        exec === undefined
          ? tokenSourceOf(credentials)
          : execTokenSource(userName, exec, { server: cluster.server, ca, serverName }, options.env),
      clientCertificate,
      basic,
      impersonate,
    },
    namespace: namespace ?? "default",
    credentials: credentialKinds(credentials),
  };
}

/** A token file goes before the token it was loaded with. */
function credentialKinds(credentials: UserCredentials): readonly CredentialKind[] {
  const { clientCertificate, token, tokenFile, exec, basic } = credentials;
  const kinds: Readonly<Record<CredentialKind, boolean>> = {
    clientCertificate: clientCertificate !== undefined,
    token: token !== undefined && tokenFile === undefined,
    tokenFile: tokenFile !== undefined,
    exec: exec !== undefined,
    basic: basic !== undefined,
  };
  return (Object.keys(kinds) as CredentialKind[]).filter((kind) => kinds[kind]);
}

function assertUsable(cluster: KubeconfigCluster, { token, basic, exec }: UserCredentials): void {
  const fault = (message: string): CountersignError =>
    new CountersignError("ERR_KUBECONFIG", `cluster ${JSON.stringify(cluster.server)}: ${message}`);
  if (cluster["proxy-url"])
    throw fault(
      "proxy-url: is not supported: remove it where the server is reached directly; elsewhere forward a local port through the proxy, and give that as server, with tls-server-name",
    );
  const isSecret = token !== undefined || basic !== undefined || exec !== undefined;
  if (cluster["insecure-skip-tls-verify"] === true && isSecret)
    throw fault(
      "insecure-skip-tls-verify: a token or password is not sent over an unverified connection: give its certificate-authority",
    );
}

function execTokenSource(
  userName: string,
  exec: KubeconfigExec,
  { server, ca, serverName }: Pick<RestClientOptions, "server" | "ca" | "serverName">,
  env: FindClusterOptions["env"],
): TokenSource {
  const cluster = {
    server,
    ...(serverName === undefined ? {} : { "tls-server-name": serverName }),
    ...(ca === undefined ? {} : { "certificate-authority-data": Buffer.from(ca).toString("base64") }),
  };
  return createCachedTokenSource({ source: createExecTokenSource({ userName, exec, cluster, env }) });
}

/** What a user's bearer token comes from: its file, before the token it was loaded with, which never ends by itself. */
export function tokenSourceOf({ token, tokenFile }: UserCredentials): TokenSource | undefined {
  if (tokenFile !== undefined)
    return createCachedTokenSource({ source: createFileTokenSource({ file: tokenFile, initial: token }) });
  if (token === undefined) return undefined;
  const fixed = { token, requestedAt: 0, expiresAt: Number.POSITIVE_INFINITY };
  return { token: () => Promise.resolve(fixed) };
}
