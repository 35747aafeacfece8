import type { Webhook, WebhookConfigurationKind } from "../apis/admissionregistration.ts";
import { webhookAudience } from "../apis/audience.ts";
import type { ServiceAccountReference } from "../apis/authentication.ts";
import type { MaybePromise } from "../authentication/authenticator.ts";
import type { TokenCache } from "../credentials/token-cache.ts";
import type { TokenIntent } from "../credentials/token-request.ts";
import { CountersignError } from "../errors.ts";
import { findUserForHostPort, serviceHostPort, type UserMatch } from "../kubeconfig/find-user.ts";
import type { Kubeconfig } from "../kubeconfig/kubeconfig.ts";
import { loadUserCredentials } from "../kubeconfig/user-credentials.ts";
import type { ClusterConnection } from "../transport/cluster-connection.ts";
import { tokenSourceOf } from "../transport/kubeconfig-connection.ts";
import type { ClientConfig } from "./client-config.ts";
import { webhookAddress } from "./webhook-address.ts";

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
}

export interface AuthenticationInfoResolverOptions {
  readonly kubeconfig?: Kubeconfig;
  /** Goes to `kubernetes.default.svc:443` where no user of the kubeconfig does. */
  readonly inCluster?: ClusterConnection;
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
   */
  clientConfigForWebhook(target: WebhookTarget): MaybePromise<ClientConfig>;
}

interface Resolved {
  readonly uid: string;
  readonly config: ClientConfig;
}

/**
 * The look-up of kubernetes/apiserver pkg/util/webhook, with requested tokens (KEP-2510, KEP-6060) joined to it. What
 * has been resolved for a webhook is kept as long as its object is: a configuration that changed comes as a new one.
 */
export function createAuthenticationInfoResolver(
  options: AuthenticationInfoResolverOptions,
): AuthenticationInfoResolver {
  const { kubeconfig, inCluster, tokens } = options;
  const byUser = new Map<string, ClientConfig>();
  const byWebhook = new WeakMap<Webhook, Map<string, Resolved>>();

  function clientConfigFor(hostPort: string, withToken = false): MaybePromise<ClientConfig> {
    const match: UserMatch =
      kubeconfig === undefined && inCluster === undefined
        ? { step: "anonymous" }
        : findUserForHostPort(kubeconfig ?? emptyKubeconfig, hostPort, {
            inCluster: inCluster !== undefined,
          });
    if (match.step === "inCluster") return inClusterConfig(inCluster!);
    if (match.user === undefined) return {};
    return byUser.get(match.name!) ?? load(match, withToken);
  }

  async function load({ name, user }: UserMatch, withToken: boolean): Promise<ClientConfig> {
    const credentials = await loadUserCredentials(name!, user!);
    const { clientCertificate, basic, impersonate, exec } = credentials;
    if (exec !== undefined && !withToken)
      throw new CountersignError(
        "ERR_KUBECONFIG",
        `user ${JSON.stringify(name)}: exec: exec plugins are not run here: tokens are requested directly`,
      );
    const config = { clientCertificate, basic, impersonate, token: tokenSourceOf(credentials) };
    if (exec === undefined) byUser.set(name!, config);
    return config;
  }

  function requestedFor(target: WebhookTarget): TokenIntent | undefined {
    const { clientConfig } = target.webhook;
    if (tokens === undefined) return undefined;
    if (
      tokens.webhooks === "authenticationSource" &&
      clientConfig.authenticationSource?.tokenRequest === undefined
    )
      return undefined;
    return intentFor(target, tokens);
  }

  function resolve(target: WebhookTarget): MaybePromise<ClientConfig> {
    const { hostPort } = webhookAddress(target.webhook.clientConfig);
    const intent = requestedFor(target);
    const base = clientConfigFor(hostPort, intent !== undefined);
    const join = (config: ClientConfig): ClientConfig => {
      const { token, basic, ...rest } = config;
      const joined =
        intent === undefined
          ? config
          : { ...rest, requestedToken: tokens!.cache.source(tokens!.serviceAccount, intent) };
      remember(target, joined);
      return joined;
    };
    return base instanceof Promise ? base.then(join) : join(base);
  }

  function remember({ webhook, apiGroup, configuration }: WebhookTarget, config: ClientConfig): void {
    const known = byWebhook.get(webhook) ?? new Map<string, Resolved>();
    byWebhook.set(webhook, known.set(apiGroup, { uid: configuration.uid, config }));
  }

  return {
    clientConfigFor: (hostPort) => clientConfigFor(hostPort),
    clientConfigForService: (name, namespace, port) =>
      clientConfigFor(serviceHostPort(name, namespace, port)),
    clientConfigForWebhook(target) {
      const known = byWebhook.get(target.webhook)?.get(target.apiGroup);
      return known?.uid === target.configuration.uid ? known.config : resolve(target);
    },
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

function intentFor(
  { kind, configuration, webhook, apiGroup }: WebhookTarget,
  tokens: RequestedTokens,
): TokenIntent {
  const audience = webhookAudience(webhook.clientConfig);
  if (tokens.mode === "audience") return { mode: "audience", audiences: [audience] };
  const { name, uid } = configuration;
  return {
    mode: "attested",
    configuration: { kind, name, uid },
    audience,
    apiGroup: tokens.apiGroup ?? apiGroup,
  };
}
