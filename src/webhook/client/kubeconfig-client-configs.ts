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
}

/** With what a host and port is called, as far as a kubeconfig and the pod say. */
export interface KubeconfigClientConfigs {
  /** As it is now. */
  readonly kubeconfig: Kubeconfig;
  /**
   * A user that could be loaded is remembered as long as its kubeconfig is the current one, a failure is not.
   * `tokenIsRequested`: whatever else would stand in Authorization is left alone, and neither read nor run.
   */
  find(hostPort: string, tokenIsRequested?: boolean): MaybePromise<ClientConfig>;
}

export function createKubeconfigClientConfigs(
  options: KubeconfigClientConfigsOptions,
): KubeconfigClientConfigs {
  const { kubeconfig: source = emptyKubeconfig, inCluster } = options;
  const loaded = new WeakMap<KubeconfigUser, ClientConfig>();
  const withoutBearer = new WeakMap<KubeconfigUser, ClientConfig>();
  const kubeconfig = (): Kubeconfig => ("current" in source ? source.current : source);

  return {
    get kubeconfig() {
      return kubeconfig();
    },
    find(hostPort, tokenIsRequested = false) {
      const match = findUserForHostPort(kubeconfig(), hostPort, { inCluster: inCluster !== undefined });
      const { step, name, user } = match;
      if (step === "inCluster") return inClusterConfig(inCluster!);
      if (name === undefined || user === undefined) return {};
      const known = tokenIsRequested ? withoutBearer : loaded;
      return (
        known.get(user) ??
        loadConfig(name, tokenIsRequested ? bearerless(user) : user).then((config) => {
          known.set(user, config);
          return config;
        })
      );
    },
  };
}

async function loadConfig(name: string, user: KubeconfigUser): Promise<ClientConfig> {
  const credentials = await loadUserCredentials(name, user);
  const { clientCertificate, basic, impersonate, exec } = credentials;
  if (exec !== undefined)
    throw new CountersignError(
      "ERR_KUBECONFIG",
      `user ${JSON.stringify(name)}: exec: exec plugins are not run here: tokens are requested directly`,
    );
  return { clientCertificate, basic, impersonate, token: tokenSourceOf(credentials) };
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
