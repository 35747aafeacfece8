import type { RequestListener } from "node:http";
import type { Clock } from "../../clock.ts";
import type { ServerConfiguration } from "../../configuration/server-configuration.ts";
import type { ClusterAccess } from "../parts/cluster-access.ts";
import { createKeptParts, type KeepPart } from "../parts/kept-parts.ts";
import type { ListenerState } from "../review/serve-review.ts";
import { callerLabel } from "./configured-routes.ts";
import type { CallerLabel } from "./metrics.ts";
import { loadServerParts, type ServerParts } from "./server-parts.ts";

/** What a configuration became. */
export interface ServedConfiguration {
  readonly parts: ServerParts;
  readonly handler: RequestListener;
  readonly callerLabels: ReadonlyMap<string, CallerLabel>;
}

export interface ConfigurationInUseOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly listener: ListenerState;
  /** Called when certificate, key or a client CA were read again. */
  readonly onTLSReload: () => void;
}

/** The one configuration that requests are answered by, exchanged as a whole. */
export interface ConfigurationInUse {
  /** @throws where there is none yet. */
  readonly current: ServedConfiguration;
  /**
   * Loads a configuration and takes it into use; `take` does at that moment what else has to be done, and may refuse.
   * @throws what loading and `take` throw; the one before stays in use then.
   */
  exchange(
    configuration: ServerConfiguration,
    take?: (next: ServedConfiguration, before: ServedConfiguration) => void,
  ): Promise<void>;
  close(): Promise<void>;
}

export function createConfigurationInUse(options: ConfigurationInUseOptions): ConfigurationInUse {
  const kept = createKeptParts();
  let inUse: ServedConfiguration | undefined;
  return {
    get current() {
      if (inUse === undefined) throw new Error("no configuration has been loaded");
      return inUse;
    },
    async exchange(configuration, take) {
      const loaded = await kept.load((keep) => serve(configuration, options, keep));
      try {
        if (inUse !== undefined) {
          await untilKeysCame(loaded.value.parts);
          take?.(loaded.value, inUse);
        }
        inUse = loaded.value;
      } catch (error) {
        await loaded.discard();
        throw error;
      }
      await loaded.commit();
    },
    close: kept.close,
  };
}

async function serve(
  configuration: ServerConfiguration,
  { listener, ...options }: ConfigurationInUseOptions,
  keep: KeepPart,
): Promise<ServedConfiguration> {
  // whoever only verifies does not load Koa; whoever serves loads it while files are read
  const [{ createKoaApplication }, parts] = await Promise.all([
    import("../review/koa-application.ts"),
    loadServerParts({ configuration, ...options }, keep),
  ]);
  const labels = configuration.webhooks.map((webhook) => [webhook.path, callerLabel(webhook)] as const);
  return {
    parts,
    handler: createKoaApplication({ routes: parts.routes, listener }).callback(),
    callerLabels: new Map(labels),
  };
}

/** An issuer that is new is asked once before its tokens are, for the 5 s at most that a fetch may take. */
async function untilKeysCame({ issuers }: ServerParts): Promise<void> {
  const without = issuers.filter((issuer) => !issuer.ready());
  await Promise.allSettled(without.map((issuer) => issuer.refresh()));
}
