import type { WebhookConfiguration, WebhookConfigurationKind } from "../../apis/admissionregistration.ts";
import type { Clock } from "../../clock.ts";
import { CountersignError } from "../../errors.ts";
import { createReflector, type Reflector } from "../../transport/reflector.ts";
import type { RestClient } from "../../transport/rest-client.ts";
import { sortedByName } from "./byte-order.ts";
import { createChangeListeners } from "./change-listeners.ts";
import {
  decodeWebhookConfiguration,
  webhookConfigurationKinds,
  webhookConfigurationResources,
} from "./decode-webhook-configuration.ts";
import { webhookConfigurationsPath } from "./list-webhook-configurations.ts";
import { createReadiness } from "./readiness.ts";
import type { LiveWebhookConfigurationSource } from "./webhook-configuration-source.ts";

/** Whose configurations are watched, and which. */
export interface WatchWebhookConfigurationsOptions {
  /** The API server; its ServiceAccount needs `list` and `watch` on each kind. */
  readonly client: Pick<RestClient, "request" | "stream" | "server">;
  /** Default: both. */
  readonly kinds?: readonly WebhookConfigurationKind[];
  readonly clock?: Clock;
}

/**
 * The webhook configurations of a cluster, listed and then watched: validating ones first, each kind by name in byte
 * order, all of it frozen. It begins at once, whether the API server can be reached or not, takes a watch up where it
 * ended, and keeps what it read last while nothing can be read. Where watching is not granted, it lists every 30 s.
 *
 * Until every kind has been listed, `configurations()` throws ERR_WEBHOOKS_NOT_SYNCED, a 403 as an API server answers it:
 * "not yet ready to handle request". An API server waits ten seconds before it does: `ready(AbortSignal.timeout(10_000))`.
 *
 * What the annotation `countersign.dev/authentication-source` says stands in `clientConfig.authenticationSource`; where
 * it is wrong, calls of that configuration's webhooks fail with ERR_CONFIGURATION, and all others go on.
 *
 * It keeps the process alive until it is closed. What it does is told on `countersign:watch`.
 */
export function watchWebhookConfigurations(
  options: WatchWebhookConfigurationsOptions,
): LiveWebhookConfigurationSource {
  const { client, clock, kinds = webhookConfigurationKinds } = options;
  const listeners = createChangeListeners();
  const readiness = createReadiness();
  let shown: readonly WebhookConfiguration[] | undefined;

  const reflectors: readonly Reflector<WebhookConfiguration>[] = webhookConfigurationKinds
    .filter((kind) => kinds.includes(kind))
    .map((kind) =>
      createReflector({
        client,
        clock,
        path: webhookConfigurationsPath(kind),
        resource: webhookConfigurationResources[kind],
        decode: (object) => decodeWebhookConfiguration(object, kind),
        onChange: changed,
      }),
    );

  function changed(): void {
    shown = undefined;
    if (reflectors.some(({ values }) => values === undefined)) return;
    readiness.reach();
    listeners.tell();
  }

  return {
    configurations() {
      if (!readiness.reached) throw notSynced(client.server, reflectors);
      shown ??= Object.freeze(
        reflectors.flatMap(({ values = [] }) => sortedByName(values, ({ metadata }) => metadata.name ?? "")),
      );
      return shown;
    },
    get synced() {
      return readiness.reached;
    },
    ready: (signal) => readiness.wait(signal),
    onChange: (listener) => listeners.add(listener),
    close() {
      for (const reflector of reflectors) reflector.close();
      readiness.fail(notSynced(client.server, reflectors));
    },
  };
}

function notSynced(server: string, reflectors: readonly Reflector<unknown>[]): CountersignError {
  const cause = reflectors.map(({ failure }) => failure).find((failure) => failure !== undefined);
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new CountersignError(
    "ERR_WEBHOOKS_NOT_SYNCED",
    `not yet ready to handle request: the webhook configurations of ${server} have not been listed yet${why}`,
    { cause },
  );
}
