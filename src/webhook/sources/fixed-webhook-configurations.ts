import { deepFreeze } from "../../admission/deep-freeze.ts";
import type { WebhookConfiguration } from "../../apis/admissionregistration.ts";
import { CountersignError } from "../../errors.ts";
import {
  withAuthenticationSources,
  withAuthenticationSourcesOrFault,
} from "./authentication-source-annotation.ts";
import { sortedByName } from "./byte-order.ts";
import { configurationListFaults } from "./configuration-list-faults.ts";
import { webhookConfigurationKinds } from "./decode-webhook-configuration.ts";
import type { WebhookConfigurationSource } from "./webhook-configuration-source.ts";
import { withWebhookDefaults } from "./webhook-defaults.ts";

/**
 * Webhook configurations that the program itself has, from custom resources of its own for example: validating ones
 * first, each kind by name in byte order, frozen copies with an API server's defaults filled in.
 *
 * A function is asked at every look-up: it should give an object that has not changed again, because what is known of it
 * is kept by it. What the annotation `countersign.dev/authentication-source` says stands in
 * `clientConfig.authenticationSource`; where it is wrong in what a function gives, calls of that configuration's webhooks
 * fail with ERR_CONFIGURATION, and all others go on.
 * @throws ERR_CONFIGURATION for a list, at once, and from `configurations()` for a function: a configuration or webhook
 * without a name or with one that is taken, or with a clientConfig that is not one of url and service. For a list also
 * for an annotation that is wrong.
 */
export function fixedWebhookConfigurations(
  list: readonly WebhookConfiguration[] | (() => readonly WebhookConfiguration[]),
): WebhookConfigurationSource {
  if (typeof list !== "function") {
    const shown = arrange(list, (one) => deepFreeze(withAuthenticationSources(prepare(one))));
    return { configurations: () => shown };
  }
  const prepared = new WeakMap<WebhookConfiguration, WebhookConfiguration>();
  let last: readonly WebhookConfiguration[] | undefined;
  let shown: readonly WebhookConfiguration[] = [];
  return {
    configurations() {
      const given = list();
      if (last !== undefined && sameMembers(last, given)) return shown;
      shown = arrange(given, (one) => {
        const known = prepared.get(one) ?? deepFreeze(withAuthenticationSourcesOrFault(prepare(one)));
        prepared.set(one, known);
        return known;
      });
      last = [...given];
      return shown;
    },
  };
}

/** A copy, so that the program's own objects are not frozen under it. */
function prepare(configuration: WebhookConfiguration): WebhookConfiguration {
  return structuredClone(withWebhookDefaults(configuration));
}

function arrange(
  list: readonly WebhookConfiguration[],
  show: (one: WebhookConfiguration) => WebhookConfiguration,
): readonly WebhookConfiguration[] {
  const faults = configurationListFaults(list);
  if (faults.length > 0) throw new CountersignError("ERR_CONFIGURATION", faults.join("\n"));
  const shown = list.map(show);
  return Object.freeze(
    webhookConfigurationKinds.flatMap((kind) =>
      sortedByName(
        shown.filter((one) => one.kind === kind),
        ({ metadata }) => metadata.name ?? "",
      ),
    ),
  );
}

function sameMembers<T>(one: readonly T[], other: readonly T[]): boolean {
  return one.length === other.length && one.every((member, index) => member === other[index]);
}
