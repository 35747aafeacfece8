import type { Webhook, WebhookConfigurationKind } from "../../apis/admissionregistration.ts";
import { webhookAudience } from "../../apis/audience.ts";
import type { ServiceAccountReference } from "../../apis/authentication.ts";
import type { ExecClusterInfo } from "../../credentials/exec-token-source.ts";
import type { TokenCache } from "../../credentials/token-cache.ts";
import type { TokenIntent } from "../../credentials/token-request.ts";
import { serviceHostPort } from "../../kubeconfig/find-user.ts";
import type { Kubeconfig } from "../../kubeconfig/kubeconfig.ts";
import type { MaybePromise } from "../../maybe-promise.ts";
import { faultOf } from "../sources/configuration-faults.ts";
import type { ClientConfig } from "./client-config.ts";
import {
  createKubeconfigClientConfigs,
  type KubeconfigClientConfigsOptions,
} from "./kubeconfig-client-configs.ts";
import { type WebhookAddress, webhookAddress } from "./webhook-address.ts";

/** One webhook about to be called, and for which API group's objects. */
export interface WebhookTarget {
  readonly kind: WebhookConfigurationKind;
  readonly configuration: { readonly name: string; readonly uid: string };
  readonly webhook: Webhook;
  readonly apiGroup: string;
}

/** Tokens asked for webhooks from an API server. */
export interface RequestedTokens {
  readonly cache: TokenCache;
  /** Whose tokens they are. */
  readonly serviceAccount: ServiceAccountReference;
  /** Default `attested`: bound to the webhook's configuration. `audience` works on any cluster since 1.20. */
  readonly mode?: "attested" | "audience";
  /** What is attested instead of the API group under review: `*` where, as for kube-apiserver, all groups are ours. */
  readonly apiGroup?: string;
  /** Default `all`. `authenticationSource`: only webhooks that ask by `clientConfig.authenticationSource.tokenRequest` (KEP-2510). */
  readonly webhooks?: "all" | "authenticationSource";
  /** Whether a webhook is not called at all when its token cannot be had. Default: it is called without a bearer. */
  readonly strict?: boolean;
}

/** Where credentials come from: a kubeconfig, the pod we run in, tokens asked for. */
export interface AuthenticationInfoResolverOptions extends KubeconfigClientConfigsOptions {
  readonly tokens?: RequestedTokens;
}

/** Says with what a host, a Service or one webhook is called. */
export interface AuthenticationInfoResolver {
  /** @throws ERR_KUBECONFIG when the user that was found cannot be used. Nothing is remembered of a failure. */
  clientConfigFor(hostPort: string): MaybePromise<ClientConfig>;
  clientConfigForService(name: string, namespace: string, port: number): MaybePromise<ClientConfig>;
  /**
   * The same for one webhook, with the token that is asked for it: a bearer token or password of the kubeconfig gives way
   * to it, a client certificate stays. Answers without a promise from the second time on.
   * @throws ERR_WEBHOOK_CALL for a clientConfig that names no address; what {@link faultOf} has against the webhook.
   */
  clientConfigForWebhook(target: WebhookTarget): MaybePromise<ClientConfig>;
}

interface Resolved {
  readonly uid: string;
  readonly kubeconfig: Kubeconfig;
  readonly config: ClientConfig;
}

/**
 * The look-up of kubernetes/apiserver pkg/util/webhook, with requested tokens (KEP-2510, KEP-6060) joined to it. What
 * has been resolved for a webhook is kept as long as its object is, and the kubeconfig: what changed comes as a new one.
 */
export function createAuthenticationInfoResolver(
  options: AuthenticationInfoResolverOptions,
): AuthenticationInfoResolver {
  const { tokens } = options;
  const configs = createKubeconfigClientConfigs(options);
  const byWebhook = new WeakMap<Webhook, Map<string, Resolved>>();

  function resolve(target: WebhookTarget): MaybePromise<ClientConfig> {
    const address = webhookAddress(target.webhook.clientConfig);
    const intent = tokens === undefined ? undefined : intentFor(target, tokens);
    const { kubeconfig } = configs;
    const found = configs.find(address.hostPort, intent !== undefined, clusterInfo(address));
    const finish = (config: ClientConfig): ClientConfig =>
      remember(
        target,
        kubeconfig,
        intent === undefined ? config : withRequestedToken(config, tokens!, intent),
      );
    return found instanceof Promise ? found.then(finish) : finish(found);
  }

  function remember(target: WebhookTarget, kubeconfig: Kubeconfig, config: ClientConfig): ClientConfig {
    const { webhook, apiGroup, configuration } = target;
    const known = byWebhook.get(webhook) ?? new Map<string, Resolved>();
    byWebhook.set(webhook, known.set(apiGroup, { uid: configuration.uid, kubeconfig, config }));
    return config;
  }

  return {
    clientConfigFor: (hostPort) => configs.find(hostPort),
    clientConfigForService: (name, namespace, port) => configs.find(serviceHostPort(name, namespace, port)),
    clientConfigForWebhook(target) {
      const fault = faultOf(target.webhook);
      if (fault !== undefined) throw fault;
      const known = byWebhook.get(target.webhook)?.get(target.apiGroup);
      const isFresh =
        known !== undefined &&
        known.uid === target.configuration.uid &&
        known.kubeconfig === configs.kubeconfig;
      return isFresh ? known.config : resolve(target);
    },
  };
}

/** What client-go tells an exec plugin of a webhook (rest/exec.go): neither path nor configuration. */
function clusterInfo({ host, service, serverName, caBundle }: WebhookAddress): ExecClusterInfo {
  return {
    server: `https://${host}`,
    ...(service === undefined ? {} : { "tls-server-name": serverName }),
    ...(caBundle === undefined
      ? {}
      : { "certificate-authority-data": Buffer.from(caBundle).toString("base64") }),
  };
}

/**
 * KEP-2510: the requested token takes the place of what would stand in Authorization, that of the pod included; a client
 * certificate is sent as well.
 */
function withRequestedToken(
  { token, basic, ...rest }: ClientConfig,
  { cache, serviceAccount, strict }: RequestedTokens,
  intent: TokenIntent,
): ClientConfig {
  const required = strict === true ? { isTokenRequired: true } : {};
  return { ...rest, requestedToken: cache.source(serviceAccount, intent), ...required };
}

function intentFor(target: WebhookTarget, tokens: RequestedTokens): TokenIntent | undefined {
  const { kind, configuration, webhook, apiGroup } = target;
  const { clientConfig } = webhook;
  const asks = clientConfig.authenticationSource?.tokenRequest !== undefined;
  if (tokens.webhooks === "authenticationSource" && !asks) return undefined;
  const audience = webhookAudience(clientConfig);
  if (tokens.mode === "audience") return { mode: "audience", audiences: [audience] };
  const { name, uid } = configuration;
  return {
    mode: "attested",
    configuration: { kind, name, uid },
    audience,
    apiGroup: tokens.apiGroup ?? apiGroup,
  };
}
