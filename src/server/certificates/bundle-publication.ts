import type { WebhookConfigurationKind } from "../../apis/admissionregistration.ts";
import { apiStatusOf } from "../../transport/api-status.ts";
import { createReflector } from "../../transport/reflector.ts";
import type { RestClient } from "../../transport/rest-client.ts";
import { webhookConfigurationResources } from "../../webhook/sources/decode-webhook-configuration.ts";
import { webhookConfigurationsPath } from "../../webhook/sources/list-webhook-configurations.ts";
import {
  bundlePatch,
  type CallingConfiguration,
  readCallingConfiguration,
} from "./calling-configurations.ts";

export interface BundlePublicationOptions {
  readonly client: Pick<RestClient, "request" | "stream" | "server">;
  readonly configurations: readonly { readonly kind: WebhookConfigurationKind; readonly name: string }[];
  readonly dnsNames: readonly string[];
  /** Told of every change. Must not throw. */
  readonly onChange: () => void;
}

/** The webhook configurations whose caBundle is ours to keep. */
export interface BundlePublication {
  /** Those that exist, as they were seen last; undefined until all have been looked for. */
  readonly configurations: readonly CallingConfiguration[] | undefined;
  /** Why they cannot be looked for; undefined where they can. */
  readonly failure: unknown;
  /**
   * Makes the configurations trust this bundle. One that has changed meanwhile is left to the next time: its change is told.
   * @throws ERR_API_STATUS, ERR_TRANSPORT or ERR_TRANSPORT_TIMEOUT, after all have been tried.
   * @returns those that were written
   */
  publish(seen: readonly CallingConfiguration[], bundle: string): Promise<readonly CallingConfiguration[]>;
  close(): void;
}

/** Watches each configuration by its name, as the grants that the chart renders allow. */
export function watchBundlePublication(options: BundlePublicationOptions): BundlePublication {
  const { client, dnsNames, onChange } = options;
  const reflectors = options.configurations.map(({ kind, name }) =>
    createReflector({
      client,
      name,
      path: webhookConfigurationsPath(kind),
      resource: webhookConfigurationResources[kind],
      decode: (object) => readCallingConfiguration(object, kind, dnsNames),
      onChange,
    }),
  );
  return {
    get configurations() {
      const lists = reflectors.map(({ values }) => values);
      return lists.every((list) => list !== undefined) ? lists.flat() : undefined;
    },
    get failure() {
      return reflectors.map(({ failure }) => failure).find((failure) => failure !== undefined);
    },
    async publish(seen, bundle) {
      const written: CallingConfiguration[] = [];
      const writing = seen.map(async (one) => {
        if (await write(client, one, bundle)) written.push(one);
      });
      await Promise.allSettled(writing);
      await Promise.all(writing);
      return written;
    },
    close() {
      for (const reflector of reflectors) reflector.close();
    },
  };
}

/** Whether it was written. */
async function write(
  client: Pick<RestClient, "request">,
  configuration: CallingConfiguration,
  bundle: string,
): Promise<boolean> {
  const body = bundlePatch(configuration, bundle);
  if (body === undefined) return false;
  const path = `${webhookConfigurationsPath(configuration.kind)}/${encodeURIComponent(configuration.name)}`;
  try {
    await client.request({
      method: "PATCH",
      path,
      query: { fieldManager: "countersign" },
      headers: { "Content-Type": "application/json-patch+json" },
      body,
    });
    return true;
  } catch (error) {
    // it has changed, or is gone: the watch says so in a moment
    if ([404, 409].includes(apiStatusOf(error)?.code ?? 0)) return false;
    throw error;
  }
}
