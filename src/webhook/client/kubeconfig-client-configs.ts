import { createExecTokenSource, type ExecClusterInfo } from "../../credentials/exec-token-source.ts";
import { CountersignError } from "../../errors.ts";
import { findUserForHostPort } from "../../kubeconfig/find-user.ts";
import type { Kubeconfig, KubeconfigUser } from "../../kubeconfig/kubeconfig.ts";
import { loadUserCredentials } from "../../kubeconfig/user-credentials.ts";
import type { MaybePromise } from "../../maybe-promise.ts";
import type { ClusterConnection } from "../../transport/cluster-connection.ts";
import { tokenSourceOf } from "../../transport/kubeconfig-connection.ts";
import type { ClientConfig } from "./client-config.ts";

export interface KubeconfigClientConfigsOptions {
  /** Read once, as kube-apiserver reads it; or as it is now, from {@link createReloadingKubeconfig}. */
  readonly kubeconfig?: Kubeconfig | { readonly current: Kubeconfig };
  /** Goes to `kubernetes.default.svc:443` where no user of the kubeconfig does. */
  readonly inCluster?: ClusterConnection;
  /**
   * The environment of exec plugins, each of which is run for every call then. Default: none is run, and a user that has
   * one is an error: request tokens instead, which is the same without a process.
   */
  readonly execEnv?: Readonly<Record<string, string | undefined>>;
}

/** With what a host and port is called, as far as a kubeconfig and the pod say. */
export interface KubeconfigClientConfigs {
  /** As it is now. */
  readonly kubeconfig: Kubeconfig;
  /**
   * A user that could be loaded is remembered as long as its kubeconfig is the current one, a failure is not.
   * `tokenIsRequested`: whatever else would stand in Authorization is left alone, and neither read nor run. `cluster`:
   * what an exec plugin is told of the webhook, as client-go tells it.
   */
  find(hostPort: string, tokenIsRequested?: boolean, cluster?: ExecClusterInfo): MaybePromise<ClientConfig>;
}

export function createKubeconfigClientConfigs(
  options: KubeconfigClientConfigsOptions,
): KubeconfigClientConfigs {
  const { kubeconfig: source = emptyKubeconfig, inCluster, execEnv } = options;
  const loaded = new WeakMap<KubeconfigUser, ClientConfig>();
  const withoutBearer = new WeakMap<KubeconfigUser, ClientConfig>();
  const kubeconfig = (): Kubeconfig => ("current" in source ? source.current : source);

  return {
    get kubeconfig() {
      return kubeconfig();
    },
    find(hostPort, tokenIsRequested = false, cluster = { server: `https://${hostPort}` }) {
      const match = findUserForHostPort(kubeconfig(), hostPort, { inCluster: inCluster !== undefined });
      const { step, name, user } = match;
      if (step === "inCluster") return inClusterConfig(inCluster!);
      if (name === undefined || user === undefined) return {};
      const known = tokenIsRequested ? withoutBearer : loaded;
      const presented = tokenIsRequested ? bearerless(user) : user;
      return known.get(user) ?? load(name, presented, cluster, (config) => known.set(user, config));
    },
  };

  async function load(
    name: string,
    user: KubeconfigUser,
    cluster: ExecClusterInfo,
    remember: (config: ClientConfig) => void,
  ): Promise<ClientConfig> {
    const credentials = await loadUserCredentials(name, user);
    const { clientCertificate, basic, impersonate, exec } = credentials;
    if (exec === undefined) {
      const config = { clientCertificate, basic, impersonate, token: tokenSourceOf(credentials) };
      remember(config);
      return config;
    }
    if (execEnv === undefined)
      throw new CountersignError(
        "ERR_KUBECONFIG",
        `user ${JSON.stringify(name)}: exec: exec plugins are not run here: tokens are requested directly`,
      );
    // not remembered: what a plugin answers is for this webhook alone
    return { impersonate, token: createExecTokenSource({ userName: name, exec, cluster, env: execEnv }) };
  }
}

function bearerless({ token, tokenFile, username, password, exec, ...rest }: KubeconfigUser): KubeconfigUser {
  return rest;
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
