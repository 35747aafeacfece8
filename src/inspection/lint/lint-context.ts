import { webhookHostPort } from "../../webhook/endpoints/find-webhooks-by-host-port.ts";
import type {
  AgentSubject,
  KubeconfigSubject,
  LintInputs,
  RouteSubject,
  ServerSubject,
  UserSubject,
  WebhookSubject,
} from "./lint-subjects.ts";
import { type TokenUse, tokenUsesOf, userFor } from "./token-use.ts";

/** What stands beside the part that a rule looks at. */
export interface LintContext {
  readonly webhooks: readonly WebhookSubject[];
  readonly kubeconfigs: readonly KubeconfigSubject[];
  readonly servers: readonly ServerSubject[];
  readonly agents: readonly AgentSubject[];
  /** Of all servers. */
  readonly routes: readonly RouteSubject[];
  /** Folders that an API server is told to take static manifests from. */
  readonly staticManifestFolders: readonly string[];
  /** How a webhook is known to be called with a token; empty where nothing says so. */
  tokenUsesOf(webhook: WebhookSubject): readonly TokenUse[];
  /** The webhooks that a kubeconfig user's credentials go to. */
  webhooksOf(user: UserSubject): readonly WebhookSubject[];
  /** All webhooks called at this `host:port`, in lower case. */
  webhooksAt(hostPort: string): readonly WebhookSubject[];
}

/** Puts together what rules ask of one another's subjects; every look-up is made once. */
export function createLintContext(inputs: LintInputs): LintContext {
  const { kubeconfigs, servers, admissions, plugins } = inputs;
  const webhooks = inputs.configurations.flatMap(webhooksIn);
  const uses = new Map(webhooks.map((webhook) => [webhook, tokenUsesOf(webhook, inputs)]));
  const byHostPort = Map.groupBy(webhooks, ({ webhook }) => webhookHostPort(webhook.clientConfig));
  const served = new Map<UserSubject, WebhookSubject[]>();
  for (const webhook of webhooks)
    for (const kubeconfig of kubeconfigs) {
      const user = userFor(webhook, kubeconfig);
      if (user !== undefined) served.set(user, [...(served.get(user) ?? []), webhook]);
    }
  return {
    webhooks,
    kubeconfigs,
    servers,
    agents: inputs.agents,
    routes: servers.flatMap(routesIn),
    staticManifestFolders: [...plugins, ...admissions.flatMap((admission) => admission.plugins)].flatMap(
      ({ configuration }) => configuration?.staticManifestsDir || [],
    ),
    tokenUsesOf: (webhook) => uses.get(webhook) ?? [],
    webhooksOf: (user) => served.get(user) ?? [],
    webhooksAt: (hostPort) => byHostPort.get(hostPort) ?? [],
  };
}

/** The webhooks of a configuration, one by one. */
export function webhooksIn(subject: {
  readonly origin: WebhookSubject["origin"];
  readonly configuration: WebhookSubject["configuration"];
}): readonly WebhookSubject[] {
  const { origin, configuration } = subject;
  return (configuration.webhooks ?? []).map((webhook, index) => ({
    origin,
    path: ["webhooks", index],
    configuration,
    kind: configuration.kind,
    webhook,
  }));
}

/** The routes of a server, one by one. */
export function routesIn({ origin, server }: ServerSubject): readonly RouteSubject[] {
  return server.webhooks.map((route, index) => ({ origin, path: ["webhooks", index], route }));
}
