import { createHash } from "node:crypto";
import { type Clock, systemClock } from "../clock.ts";
import type { ManifestsMessage } from "../diagnostics.ts";
import { subscribeAll } from "./diagnostics-subscription.ts";
import {
  createCounter,
  createGauge,
  createObservedGauges,
  type MetricFamily,
  type MetricSet,
} from "./metric-family.ts";

export interface ManifestMetricsOptions {
  /** What tells this API server from its peers; its hash is a label. Default: none. */
  readonly apiServerID?: string;
  readonly clock?: Clock;
}

const prefix = "apiserver_manifest_admission_config_controller";
const labels = ["status", "plugin", "apiserver_id_hash"];

/** Counts, from now on, how manifests are read: pkg/admission/plugin/manifest/metrics/metrics.go of kubernetes/apiserver. */
export function createManifestMetrics(options: ManifestMetricsOptions = {}): MetricSet {
  const { apiServerID = "", clock = systemClock } = options;
  const idHash = apiServerID === "" ? "" : `sha256:${createHash("sha256").update(apiServerID).digest("hex")}`;
  const reloads = createCounter({
    name: `${prefix}_automatic_reloads_total`,
    help: "How often a folder of static manifests was read after a change, by status and plugin.",
    labels,
  });
  const lastReload = createGauge({
    name: `${prefix}_automatic_reload_last_timestamp_seconds`,
    help: "When a folder of static manifests was read last, by status and plugin.",
    labels,
  });
  const hashes = new Map<ManifestsMessage["plugin"], string>();
  const close = subscribeAll({
    "countersign:manifests": ({ plugin, status, hash }) => {
      reloads.inc(status, plugin, idHash);
      lastReload.set(clock.now() / 1000, status, plugin, idHash);
      if (hash !== undefined) hashes.set(plugin, hash);
    },
  });
  return { families: [reloads, lastReload, configInfo(hashes, idHash)], close };
}

/** One for each plugin, whose label is what is in use: an empty folder has none. */
function configInfo(hashes: ReadonlyMap<string, string>, idHash: string): MetricFamily {
  return createObservedGauges(
    {
      name: `${prefix}_last_config_info`,
      help: "The hash of the static manifests that are in use, by plugin.",
      labels: ["plugin", "apiserver_id_hash", "hash"],
    },
    () =>
      [...hashes]
        .filter(([, hash]) => hash !== "")
        .map(([plugin, hash]) => ({ labels: [plugin, idHash, hash], value: 1 })),
  );
}
