import type { Secret } from "../secret.ts";

/**
 * A kubeconfig, as clientcmd reads one: `v1` `Config`. Field names are the file's; relative paths have been resolved
 * against the folder of the file that names them; secrets cannot be printed.
 */
export interface Kubeconfig {
  /** What was read, in order; for messages. */
  readonly files: readonly string[];
  readonly clusters: ReadonlyMap<string, KubeconfigCluster>;
  readonly users: ReadonlyMap<string, KubeconfigUser>;
  readonly contexts: ReadonlyMap<string, KubeconfigContext>;
  readonly "current-context": string | undefined;
}

/** A cluster, under the names the file has. */
export interface KubeconfigCluster {
  readonly server?: string | undefined;
  readonly "tls-server-name"?: string | undefined;
  readonly "insecure-skip-tls-verify"?: boolean | undefined;
  readonly "certificate-authority"?: string | undefined;
  /** base64 of PEM. Goes before the file. */
  readonly "certificate-authority-data"?: string | undefined;
  readonly "proxy-url"?: string | undefined;
}

/** A user, under the names the file has; secrets cannot be printed. */
export interface KubeconfigUser {
  readonly "client-certificate"?: string | undefined;
  /** base64 of PEM. Goes before the file. */
  readonly "client-certificate-data"?: string | undefined;
  readonly "client-key"?: string | undefined;
  readonly "client-key-data"?: Secret | undefined;
  readonly token?: Secret | undefined;
  readonly tokenFile?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: Secret | undefined;
  readonly as?: string | undefined;
  readonly "as-uid"?: string | undefined;
  readonly "as-groups"?: readonly string[] | undefined;
  readonly "as-user-extra"?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly "auth-provider"?: { readonly name?: string | undefined } | undefined;
  readonly exec?: KubeconfigExec | undefined;
}

/** An exec credential plugin's stanza. */
export interface KubeconfigExec {
  readonly apiVersion?: string | undefined;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly installHint?: string | undefined;
  readonly provideClusterInfo?: boolean | undefined;
  readonly interactiveMode?: string | undefined;
}

/** A cluster, a user and a namespace, by name. */
export interface KubeconfigContext {
  readonly cluster?: string | undefined;
  readonly user?: string | undefined;
  readonly namespace?: string | undefined;
}
