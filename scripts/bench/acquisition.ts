import type { WebhookConfiguration } from "../../src/apis/admissionregistration.ts";
import type { ServiceAccountReference } from "../../src/apis/authentication.ts";
import { createTokenCache } from "../../src/credentials/token-cache.ts";
import { parseKubeconfig } from "../../src/kubeconfig/parse-kubeconfig.ts";
import { type ControlPlane, startControlPlane } from "../../src/testing/control-plane.ts";
import { kubeconfigConnection } from "../../src/transport/kubeconfig-connection.ts";
import { createRestClient, type RestClient } from "../../src/transport/rest-client.ts";
import { createTokenRequestClient } from "../../src/transport/token-request-client.ts";
import {
  createAuthenticationInfoResolver,
  type WebhookTarget,
} from "../../src/webhook/client/authentication-info-resolver.ts";
import { type BenchOptions, microseconds, nanosecondsEach, type Row } from "./row.ts";

export const callerAccount: ServiceAccountReference = { namespace: "kube-system", name: "webhook-caller" };

/** A control plane with one webhook configuration of `count` webhooks, and a client of its administrator. */
export interface Cluster {
  readonly controlPlane: ControlPlane;
  readonly client: RestClient;
  readonly configuration: WebhookConfiguration;
  stop(): Promise<void>;
}

export async function startCluster(): Promise<Cluster> {
  const controlPlane = await startControlPlane({ webhookAuthentication: { serviceAccount: callerAccount } });
  const kubeconfig = parseKubeconfig(controlPlane.adminKubeconfig, "bench");
  const client = createRestClient((await kubeconfigConnection(kubeconfig)).client);
  const { body } = await client.request<WebhookConfiguration>({
    path: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    body: configurationOf(1),
  });
  return {
    ...{ controlPlane, client, configuration: body },
    async stop() {
      client.close();
      await controlPlane.stop();
    },
  };
}

/** What asking for tokens costs: one TokenRequest for a thousand callers, nothing for the next. */
export async function acquisitionRows(cluster: Cluster, { short }: BenchOptions): Promise<readonly Row[]> {
  const minted = await mintedFor(cluster, 1_000);
  const [one, many] = [hitAmong(cluster, 1, short), hitAmong(cluster, 10_000, short)];
  return [
    {
      what: "TokenRequests for 1 000 concurrent first callers of one webhook",
      mustReach: "1",
      reached: String(minted),
      met: minted === 1,
      note: "over TLS, counted by the API server",
    },
    {
      what: "resolver hit, with 1 and with 10 000 webhooks known",
      mustReach: "<= 1 µs, flat",
      reached: `${microseconds(one)} and ${microseconds(many)}`,
      met: Math.max(one, many) <= 1_000,
      note: "clientConfigForWebhook, each webhook in turn",
    },
  ];
}

async function mintedFor({ controlPlane, client, configuration }: Cluster, callers: number): Promise<number> {
  const resolver = resolverOf(client);
  const before = controlPlane.statistics().tokensMinted;
  const [target] = targetsOf(configuration);
  await Promise.all(
    Array.from({ length: callers }, async () => {
      const { requestedToken } = await resolver.clientConfigForWebhook(target!);
      await requestedToken!.token();
    }),
  );
  return controlPlane.statistics().tokensMinted - before;
}

function hitAmong({ client }: Cluster, count: number, short: boolean): number {
  const targets = targetsOf({ ...configurationOf(count), metadata: { name: "bench", uid: "bench" } });
  const resolver = resolverOf(client);
  for (const target of targets) void resolver.clientConfigForWebhook(target);
  let next = 0;
  return nanosecondsEach(
    () => {
      next = (next + 1) % count;
      return resolver.clientConfigForWebhook(targets[next]!);
    },
    short ? 50_000 : 500_000,
  );
}

function resolverOf(client: RestClient) {
  const cache = createTokenCache({ server: client.server, client: createTokenRequestClient(client) });
  return createAuthenticationInfoResolver({
    tokens: { cache, serviceAccount: callerAccount, apiGroup: "*" },
  });
}

function targetsOf({ kind, metadata, webhooks = [] }: WebhookConfiguration): WebhookTarget[] {
  const configuration = { name: metadata.name ?? "", uid: metadata.uid ?? "" };
  return webhooks.map((webhook) => ({ kind, configuration, webhook, apiGroup: "apps" }));
}

function configurationOf(count: number): WebhookConfiguration {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: "bench" },
    webhooks: Array.from({ length: count }, (_, index) => ({
      name: `w${index}.bench.example.com`,
      admissionReviewVersions: ["v1"],
      sideEffects: "None" as const,
      clientConfig: { service: { namespace: "bench", name: `w${index}`, path: "/validate", port: 443 } },
      rules: [
        {
          operations: ["CREATE" as const],
          apiGroups: ["apps"],
          apiVersions: ["v1"],
          resources: ["replicasets"],
        },
      ],
    })),
  };
}
