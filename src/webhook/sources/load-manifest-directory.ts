import { isDeepStrictEqual } from "node:util";
import type { WebhookConfiguration, WebhookConfigurationKind } from "../../apis/admissionregistration.ts";
import { createLastGood } from "../../certificates/last-good.ts";
import { diagnosticsChannel, type ManifestsMessage } from "../../diagnostics.ts";
import { errorMessageOf } from "../../errors.ts";
import { createChangeListeners } from "./change-listeners.ts";
import { webhookConfigurationKinds } from "./decode-webhook-configuration.ts";
import { manifestFiles } from "./manifest-files.ts";
import type { LiveWebhookConfigurationSource } from "./webhook-configuration-source.ts";

/** Which folder is read, and what of it. */
export interface LoadManifestDirectoryOptions {
  /** Holds the manifests: `.yaml`, `.yml` and `.json`, of any number of documents. Subfolders are not looked into. */
  readonly directory: string;
  /** Default: both. A manifest of another kind is a fault. */
  readonly kinds?: readonly WebhookConfigurationKind[];
  /** How often to look where the system tells nothing of a change. Default 60 000 (60 s). */
  readonly pollIntervalMs?: number;
}

const plugins = {
  ValidatingWebhookConfiguration: "ValidatingAdmissionWebhook",
  MutatingWebhookConfiguration: "MutatingAdmissionWebhook",
} as const satisfies Record<WebhookConfigurationKind, ManifestsMessage["plugin"]>;

const channel = diagnosticsChannel("countersign:manifests");

/**
 * Static webhook configurations from a folder of manifests, as kube-apiserver 1.37 reads `staticManifestsDir`
 * (KEP-5793): configurations of `admissionregistration.k8s.io/v1`, a `v1` `List` of them taken apart, decoded strictly,
 * validated and defaulted as an API server does. Their names end with `.static.k8s.io` and are given once for each kind;
 * webhooks are called by `clientConfig.url` only. `clientConfig.authenticationSource` and the annotation
 * `countersign.dev/authentication-source` are kept. They have no uid, so that no attested token can be bound to them: a
 * token for such a webhook is one of `mode: "audience"`.
 *
 * Validating ones come first, each kind by name in byte order, all of it frozen. The folder is watched. A change that has
 * a fault anywhere keeps the set that was good, and says so on `countersign:reload`; a configuration that is still the
 * same stays the same object.
 * @throws ERR_CONFIGURATION from the first load, with every fault of every file: file, line, column, field.
 */
export async function loadManifestDirectory(
  options: LoadManifestDirectoryOptions,
): Promise<LiveWebhookConfigurationSource> {
  const { directory, pollIntervalMs = 60_000 } = options;
  const { kinds: wanted = webhookConfigurationKinds } = options;
  const kinds = webhookConfigurationKinds.filter((kind) => wanted.includes(kind));
  const listeners = createChangeListeners();
  const publish = (message: Pick<ManifestsMessage, "status" | "hash" | "detail">): void => {
    for (const kind of kinds) channel.publish({ directory, plugin: plugins[kind], ...message });
  };
  let shown: readonly WebhookConfiguration[] = Object.freeze([]);
  let changed = false;

  async function load(): Promise<void> {
    try {
      // with it comes the schema's library, which nobody else who calls webhooks needs
      const { readManifests } = await import("./read-manifests.ts");
      const { configurations, hash } = await readManifests(directory, kinds);
      const next = configurations.map((one) => shown.find((held) => isDeepStrictEqual(held, one)) ?? one);
      changed = next.length !== shown.length || next.some((one, index) => one !== shown[index]);
      if (changed) shown = Object.freeze(next);
      publish({ status: "success", hash });
    } catch (error) {
      publish({ status: "failure", detail: errorMessageOf(error) });
      throw error;
    }
  }

  const watched = await createLastGood({
    what: "manifests",
    files: { directory, list: () => manifestFiles(directory) },
    load,
    pollIntervalMs,
    onReload: () => {
      if (changed) listeners.tell();
    },
  });
  return {
    synced: true,
    configurations: () => shown,
    ready: async (signal) => signal?.throwIfAborted(),
    onChange: (listener) => listeners.add(listener),
    close: watched.close,
  };
}
