import { stringify } from "yaml";

/** How a kubeconfig's user proves who it is. */
export type KubeconfigUser =
  | { readonly token: string }
  | { readonly certificatePem: string; readonly keyPem: string };

export interface KubeconfigTextOptions {
  readonly server: string;
  readonly caPem: string;
  readonly user: KubeconfigUser;
  /** Default `default`, as kubectl has it. */
  readonly namespace?: string;
}

/** A kubeconfig that holds everything in itself: kubectl and client-go read it as it stands. */
export function kubeconfigText({ server, caPem, user, namespace }: KubeconfigTextOptions): string {
  const name = "countersign";
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const credentials =
    "token" in user
      ? { token: user.token }
      : { "client-certificate-data": base64(user.certificatePem), "client-key-data": base64(user.keyPem) };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority-data": base64(caPem) } }],
    users: [{ name, user: credentials }],
    contexts: [
      { name, context: { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) } },
    ],
    "current-context": name,
  });
}
