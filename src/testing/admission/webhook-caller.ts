import type { ServiceAccountReference } from "../../apis/authentication.ts";
import type { Clock } from "../../clock.ts";
import { createTokenCache } from "../../credentials/token-cache.ts";
import type { TokenRequestClient } from "../../credentials/token-request-source.ts";
import { parseKubeconfig } from "../../kubeconfig/parse-kubeconfig.ts";
import { Secret } from "../../secret.ts";
import { createRestClient, type RestClient } from "../../transport/rest-client.ts";
import { createTokenRequestClient } from "../../transport/token-request-client.ts";
import { createAuthenticationInfoResolver } from "../../webhook/client/authentication-info-resolver.ts";
import type { ServiceResolver } from "../../webhook/client/service-resolver.ts";
import { createWebhookClient, type WebhookClient } from "../../webhook/client/webhook-client.ts";

/** How the control plane proves to webhooks who it is. */
export interface WebhookAuthentication {
  /** Whose tokens it presents. Default `kube-system/webhook-auth`. */
  readonly serviceAccount?: ServiceAccountReference;
  /**
   * Default `attested`: bound to the webhook's configuration, attesting `*` as kube-apiserver shall (KEP-6060).
   * `audience`: a plain token for the webhook's audience.
   */
  readonly mode?: "attested" | "audience";
  /** Default `all`. `authenticationSource`: only where the clientConfig asks for it (KEP-2510). */
  readonly webhooks?: "all" | "authenticationSource";
  /** Whether a webhook is not called at all when its token cannot be had. Default: it is called without a bearer. */
  readonly strict?: boolean;
}

export interface WebhookCallerOptions {
  readonly authentication?: WebhookAuthentication | undefined;
  /** The kubeconfig of kube-apiserver's WebhookAdmissionConfiguration, as text. */
  readonly kubeconfig?: string | undefined;
  readonly services: ServiceResolver;
  readonly clock: Clock;
  readonly loopback: Loopback;
  readonly onCall: () => void;
}

/** How the control plane reaches itself, with what credential. */
export interface Loopback {
  readonly url: () => string;
  readonly caPem: string;
  readonly token: string;
}

export const defaultWebhookServiceAccount: ServiceAccountReference = {
  namespace: "kube-system",
  name: "webhook-auth",
};

/**
 * The webhook client of the control plane. Its tokens come from its own TokenRequest endpoint, over TLS like anybody's, so
 * every check of issuing applies; they are asked for when the first call needs one.
 */
export function createWebhookCaller(options: WebhookCallerOptions): WebhookClient {
  const { authentication, kubeconfig, services, clock, loopback, onCall } = options;
  let rest: RestClient | undefined;
  const tokenRequests: TokenRequestClient = {
    createToken(account, request, call) {
      rest ??= connect(loopback, clock);
      return createTokenRequestClient(rest).createToken(account, request, call);
    },
  };
  const cache = createTokenCache({ server: "loopback", client: tokenRequests, clock });
  const { serviceAccount = defaultWebhookServiceAccount, ...rules } = authentication ?? {};
  const resolver = createAuthenticationInfoResolver({
    ...(kubeconfig === undefined
      ? {}
      : { kubeconfig: parseKubeconfig(kubeconfig, "the admission kubeconfig") }),
    ...(authentication === undefined ? {} : { tokens: { cache, serviceAccount, apiGroup: "*", ...rules } }),
  });
  const client = createWebhookClient({ resolver, services });
  return {
    call(...call) {
      onCall();
      return client.call(...call);
    },
    close() {
      client.close();
      cache.close();
      rest?.close();
    },
  };
}

function connect({ url, caPem, token }: Loopback, clock: Clock): RestClient {
  const held = { token: new Secret(token), expiresAt: Number.POSITIVE_INFINITY, requestedAt: clock.now() };
  return createRestClient({ server: url(), ca: caPem, token: { token: async () => held } });
}
