import type { AdmissionAttributes, DispatchNotes, DispatchOptions } from "./admission-attributes.ts";
import type { WebhookTarget } from "./authentication-info-resolver.ts";
import { createNotesCollector, type DispatcherOptions } from "./dispatcher.ts";
import { callHook } from "./hook-call.ts";
import { isExcluded, kubeAPIServerExclusions, orderedTargets, shouldCall } from "./hook-selection.ts";

export interface ValidatingDispatcher {
  /**
   * Resolves when every webhook that has a say has allowed the request, or failed and may.
   * @throws the first refusal or failure that came, once all have answered; see {@link dispatchStatus}.
   */
  validate(attributes: AdmissionAttributes, options?: DispatchOptions): Promise<DispatchNotes>;
}

/** Validating webhooks, all at once, as kube-apiserver calls them. */
export function createValidatingDispatcher(dispatcher: DispatcherOptions): ValidatingDispatcher {
  const { client, configurations, namespaceLabels, excluded = kubeAPIServerExclusions, clock } = dispatcher;

  async function select(attributes: AdmissionAttributes): Promise<WebhookTarget[]> {
    const all = orderedTargets(configurations(), "ValidatingWebhookConfiguration", attributes.resource.group);
    const selected: WebhookTarget[] = [];
    for (const target of all)
      if (await shouldCall(target, attributes, namespaceLabels)) selected.push(target);
    return selected;
  }

  return {
    async validate(attributes, options = {}) {
      const collector = createNotesCollector();
      if (isExcluded(attributes, excluded)) return collector.notes;
      const failures: unknown[] = [];
      const targets = await select(attributes);
      await Promise.all(
        targets.map(async (target, index) => {
          try {
            const call = { client, target, attributes, options, ...(clock === undefined ? {} : { clock }) };
            const response = await callHook(call);
            if (response === undefined) collector.failedOpen("validating", index, target);
            else collector.take(target, response);
          } catch (error) {
            failures.push(error);
          }
        }),
      );
      if (failures.length > 0) throw failures[0];
      return collector.notes;
    },
  };
}
