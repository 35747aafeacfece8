import type { RequestListener } from "node:http";
import type { Clock } from "../../clock.ts";
import type { ServerConfiguration } from "../../configuration/server-configuration.ts";
import type { ClusterAccess } from "../parts/cluster-access.ts";
import { type ConfigurationInUse, createConfigurationInUse } from "../parts/configuration-in-use.ts";
import type { KeepPart } from "../parts/kept-parts.ts";
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

export type ServedConfigurationInUse = ConfigurationInUse<ServerConfiguration, ServedConfiguration>;

export interface ServedConfigurationOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly listener: ListenerState;
  /** Called when certificate, key or a client CA were read again. */
  readonly onTLSReload: () => void;
}

/** The routes of a configuration, exchanged with it. */
export function createServedConfiguration(options: ServedConfigurationOptions): ServedConfigurationInUse {
  return createConfigurationInUse({
    load: (configuration, keep) => serve(configuration, options, keep),
    settle: untilKeysCame,
  });
}

async function serve(
  configuration: ServerConfiguration,
  { listener, ...options }: ServedConfigurationOptions,
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
async function untilKeysCame({ parts: { issuers } }: ServedConfiguration): Promise<void> {
  const without = issuers.filter((issuer) => !issuer.ready());
  await Promise.allSettled(without.map((issuer) => issuer.refresh()));
}
