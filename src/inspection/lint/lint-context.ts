import { hostPortOf, webhookHostPort } from "../../webhook/endpoints/find-webhooks-by-host-port.ts";
import type {
  KubeconfigSubject,
  LintInputs,
  RouteSubject,
  ServerSubject,
  UserSubject,
  WebhookSubject,
} from "./lint-subjects.ts";
import { type TokenUse, tokenUsesOf, userFor } from "./token-use.ts";
import { audienceOf, tokenOf } from "./webhook-audiences.ts";

/** What stands beside the part that a rule looks at. */
export interface LintContext {
  readonly webhooks: readonly WebhookSubject[];
  readonly kubeconfigs: readonly KubeconfigSubject[];
  /** Of all servers. */
  readonly routes: readonly RouteSubject[];
  /** Folders that an API server is told to take static manifests from. */
  readonly staticManifestFolders: readonly string[];
  /** How a webhook is known to be called with a token; empty where nothing says so. */
  tokenUsesOf(webhook: WebhookSubject): readonly TokenUse[];
  /** The webhooks that a kubeconfig user's credentials go to. */
  webhooksOf(user: UserSubject): readonly WebhookSubject[];
  /** The different tokens that webhooks at this `host:port` (in lower case) need, each by configuration and audience. */
  tokensAt(hostPort: string): readonly string[];
  /** The webhooks of this audience. */
  webhooksFor(audience: string): readonly WebhookSubject[];
  /** All routes of the servers that are reached at this `host:port`, as an audience of theirs says. */
  routesAt(hostPort: string): readonly RouteSubject[];
}

/** Puts together what rules ask of one another's subjects; every look-up is made once. */
export function createLintContext(inputs: LintInputs): LintContext {
  const { kubeconfigs, servers, admissions, plugins } = inputs;
  const webhooks = inputs.configurations.flatMap(webhooksIn);
  const uses = new Map(webhooks.map((webhook) => [webhook, tokenUsesOf(webhook, inputs)]));
  const tokens = new Map<string, Set<string>>();
  for (const subject of webhooks) {
    const hostPort = webhookHostPort(subject.webhook.clientConfig);
    if (hostPort !== undefined)
      tokens.set(hostPort, (tokens.get(hostPort) ?? new Set()).add(tokenOf(subject)));
  }
  const byAudience = Map.groupBy(webhooks, audienceOf);
  const routesByHostPort = new Map<string, RouteSubject[]>();
  for (const routes of servers.map(routesIn))
    for (const hostPort of new Set(routes.flatMap(({ route }) => (route.audiences ?? []).map(hostPortOf))))
      if (hostPort !== undefined)
        routesByHostPort.set(hostPort, [...(routesByHostPort.get(hostPort) ?? []), ...routes]);
  const served = new Map<UserSubject, WebhookSubject[]>();
  for (const webhook of webhooks)
    for (const kubeconfig of kubeconfigs) {
      const user = userFor(webhook, kubeconfig);
      if (user !== undefined) served.set(user, [...(served.get(user) ?? []), webhook]);
    }
  return {
    webhooks,
    kubeconfigs,
    routes: servers.flatMap(routesIn),
    staticManifestFolders: [...plugins, ...admissions.flatMap((admission) => admission.plugins)].flatMap(
      ({ configuration }) => configuration?.staticManifestsDir || [],
    ),
    tokenUsesOf: (webhook) => uses.get(webhook) ?? [],
    webhooksOf: (user) => served.get(user) ?? [],
    tokensAt: (hostPort) => [...(tokens.get(hostPort) ?? [])],
    webhooksFor: (audience) => byAudience.get(audience) ?? [],
    routesAt: (hostPort) => routesByHostPort.get(hostPort) ?? [],
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
