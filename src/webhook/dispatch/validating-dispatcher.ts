import type { WebhookTarget } from "../client/authentication-info-resolver.ts";
import type {
  AdmissionAttributes,
  DispatchNotes,
  DispatchOptions,
} from "../matching/admission-attributes.ts";
import type { VerifiedResponse } from "./admission-review.ts";
import { createNotesCollector, type DispatcherOptions, type NotesCollector } from "./dispatcher.ts";
import { callHook } from "./hook-call.ts";
import { isExcluded, kubeAPIServerExclusions, orderedTargets, shouldCall } from "./hook-selection.ts";

/** Calls the validating webhooks of a request, all at once. */
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

  async function callAll(
    attributes: AdmissionAttributes,
    options: DispatchOptions,
    collector: NotesCollector,
  ): Promise<void> {
    const failures: unknown[] = [];
    const targets = await select(attributes);
    await Promise.all(
      targets.map(async (target, index) => {
        const observe = (response: VerifiedResponse): void => collector.take(target, response);
        try {
          const call = {
            client,
            target,
            attributes,
            options,
            observe,
            ...(clock === undefined ? {} : { clock }),
          };
          if ((await callHook(call)) === undefined) collector.failedOpen("validating", index, target);
        } catch (error) {
          failures.push(error);
        }
      }),
    );
    if (failures.length > 0) throw failures[0];
  }

  return {
    async validate(attributes, options = {}) {
      const collector = createNotesCollector();
      try {
        if (!isExcluded(attributes, excluded)) await callAll(attributes, options, collector);
        return collector.notes;
      } finally {
        options.onNotes?.(collector.notes);
      }
    },
  };
}
