import { CountersignError } from "../../errors.ts";
import { findUserForHostPort, type UserMatch } from "../../kubeconfig/find-user.ts";
import type { Kubeconfig } from "../../kubeconfig/kubeconfig.ts";
import { loadUserCredentials } from "../../kubeconfig/user-credentials.ts";
import type { MaybePromise } from "../../maybe-promise.ts";
import type { ClusterConnection } from "../../transport/cluster-connection.ts";
import { tokenSourceOf } from "../../transport/kubeconfig-connection.ts";
import type { ClientConfig } from "./client-config.ts";

export interface KubeconfigClientConfigsOptions {
  readonly kubeconfig?: Kubeconfig;
  /** Goes to `kubernetes.default.svc:443` where no user of the kubeconfig does. */
  readonly inCluster?: ClusterConnection;
}

/**
 * With what a host and port is called, as far as a kubeconfig and the pod say. A user that could be loaded is
 * remembered, a failure is not. `tokenIsRequested`: an exec plugin's place is taken, which is otherwise an error.
 */
export type FindClientConfig = (hostPort: string, tokenIsRequested?: boolean) => MaybePromise<ClientConfig>;

export function createKubeconfigClientConfigs(options: KubeconfigClientConfigsOptions): FindClientConfig {
  const { kubeconfig = emptyKubeconfig, inCluster } = options;
  const loaded = new Map<string, ClientConfig>();

  async function load({ name, user }: UserMatch, tokenIsRequested: boolean): Promise<ClientConfig> {
    const credentials = await loadUserCredentials(name!, user!);
    const { clientCertificate, basic, impersonate, exec } = credentials;
    if (exec !== undefined && !tokenIsRequested)
      throw new CountersignError(
        "ERR_KUBECONFIG",
        `user ${JSON.stringify(name)}: exec: exec plugins are not run here: tokens are requested directly`,
      );
    const config = { clientCertificate, basic, impersonate, token: tokenSourceOf(credentials) };
    if (exec === undefined) loaded.set(name!, config);
    return config;
  }

  return (hostPort, tokenIsRequested = false) => {
    const match = findUserForHostPort(kubeconfig, hostPort, { inCluster: inCluster !== undefined });
    if (match.step === "inCluster") return inClusterConfig(inCluster!);
    if (match.name === undefined) return {};
    return loaded.get(match.name) ?? load(match, tokenIsRequested);
  };
}

const emptyKubeconfig: Kubeconfig = {
  files: [],
  clusters: new Map(),
  users: new Map(),
  contexts: new Map(),
  "current-context": undefined,
};

function inClusterConfig({ client: { ca, token } }: ClusterConnection): ClientConfig {
  return { ca, token };
}
