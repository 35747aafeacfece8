import type { CachedTokenSource } from "../../credentials/cached-token-source.ts";
import type { TokenSource } from "../../credentials/token-source.ts";
import type { ClientCertificate, Impersonation } from "../../kubeconfig/user-credentials.ts";
import type { Secret } from "../../secret.ts";

/** With what credentials and trust a webhook is called: the part of client-go's `rest.Config` that a look-up decides. */
export interface ClientConfig {
  /** PEM, joined with the webhook's own caBundle. */
  readonly ca?: string | undefined;
  readonly clientCertificate?: ClientCertificate | undefined;
  readonly basic?: { readonly username: string; readonly password: Secret } | undefined;
  readonly impersonate?: Impersonation | undefined;
  /** A bearer token that a kubeconfig names: failing to read it fails the call. */
  readonly token?: TokenSource | undefined;
  /** A token asked for this webhook, in place of `token` and `basic`: without it the call goes without a bearer. */
  readonly requestedToken?: CachedTokenSource | undefined;
  /** Without the requested token there is no call. */
  readonly isTokenRequired?: boolean | undefined;
}
