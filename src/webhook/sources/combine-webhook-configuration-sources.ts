import type { WebhookConfiguration } from "../../apis/admissionregistration.ts";
import { webhookConfigurationKinds } from "./decode-webhook-configuration.ts";
import type {
  LiveWebhookConfigurationSource,
  WebhookConfigurationSource,
} from "./webhook-configuration-source.ts";

/**
 * Several sources as one: of each kind the first source's configurations before the next one's. An API server has its
 * static manifests before what is registered over its API: `[manifests, watched]`. It is synced and ready when all of
 * them are, tells of every change of any of them, and closes them all. A dispatcher is given manifests apart, as
 * `staticConfigurations`: it shows them more.
 */
export function combineWebhookConfigurationSources(
  sources: readonly WebhookConfigurationSource[],
): LiveWebhookConfigurationSource {
  const live = sources.filter(isLive);
  let parts: readonly (readonly WebhookConfiguration[])[] = [];
  let shown: readonly WebhookConfiguration[] | undefined;
  return {
    configurations() {
      const now = sources.map((source) => source.configurations());
      if (shown !== undefined && now.every((part, index) => part === parts[index])) return shown;
      parts = now;
      const all = now.flat();
      shown = Object.freeze(
        webhookConfigurationKinds.flatMap((kind) =>
          all.filter((configuration) => configuration.kind === kind),
        ),
      );
      return shown;
    },
    get synced() {
      return live.every(({ synced }) => synced);
    },
    async ready(signal) {
      await Promise.all(live.map((source) => source.ready(signal)));
    },
    onChange(listener) {
      const ends = live.map((source) => source.onChange(listener));
      return () => {
        for (const end of ends) end();
      };
    },
    close() {
      for (const source of live) source.close();
    },
  };
}

function isLive(source: WebhookConfigurationSource): source is LiveWebhookConfigurationSource {
  return "close" in source;
}
