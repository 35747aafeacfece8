import type { Clock } from "countersign";
import type { Authorizer } from "countersign/authorization";
import { createTokenCache } from "countersign/credentials";
import {
  type AdmissionAttributes,
  apiPath,
  createAuthenticationInfoResolver,
  createMatchConditionEvaluator,
  createMutatingDispatcher,
  createTokenRequestClient,
  createValidatingDispatcher,
  createWebhookClient,
  type RequestedTokens,
  type RestClient,
  type ServiceResolver,
  watchWebhookConfigurations,
} from "countersign/webhook";

export interface AdmissionOptions {
  /** The API server, called as this server's own ServiceAccount, whose tokens webhooks are shown. */
  readonly cluster: RestClient;
  readonly tokens: Pick<RequestedTokens, "serviceAccount" | "webhooks" | "strict">;
  /** For match conditions that ask what the user may do. */
  readonly authorizer: Authorizer;
  /** Default: cluster DNS. */
  readonly services?: ServiceResolver;
  readonly clock?: Clock;
}

/** What of a cluster's admission an aggregated API server has to do itself: all that is done by webhooks. */
export function createAdmission({ cluster, tokens, authorizer, services, clock }: AdmissionOptions) {
  const timed = clock && { clock };
  const configurations = watchWebhookConfigurations({ client: cluster });
  const cache = createTokenCache({
    server: cluster.server,
    client: createTokenRequestClient(cluster),
    ...timed,
  });
  const resolver = createAuthenticationInfoResolver({ tokens: { cache, ...tokens } });
  const client = createWebhookClient({ resolver, ...(services && { services }), ...timed });
  const dispatching = {
    client,
    configurations: () => configurations.configurations(),
    namespaceLabels: async (name: string) => {
      const { status, body } = await cluster.send({ path: apiPath("api", "v1", "namespaces", name) });
      if (status !== 404 && status !== 200) throw new Error(`namespace ${name} cannot be read: ${status}`);
      const { metadata } = body as { metadata?: { labels?: Record<string, string> } };
      return status === 404 ? undefined : (metadata?.labels ?? {});
    },
    matchConditions: createMatchConditionEvaluator({ authorizer }),
    excluded: [],
  };
  const mutating = createMutatingDispatcher(dispatching);
  const validating = createValidatingDispatcher(dispatching);
  return {
    /** The object as webhooks leave it, and what they warn of. Throws what `dispatchStatus` makes an answer of. */
    async admit(attributes: AdmissionAttributes) {
      await configurations.ready(AbortSignal.timeout(10_000)).catch(() => undefined);
      const mutated = await mutating.mutate(attributes);
      const admitted = mutated.object === undefined ? attributes : { ...attributes, object: mutated.object };
      const { warnings } = await validating.validate(admitted);
      return { object: mutated.object, warnings: [...mutated.warnings, ...warnings] };
    },
    close() {
      configurations.close();
      client.close();
      cache.close();
    },
  };
}
