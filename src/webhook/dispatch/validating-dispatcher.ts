import type { AdmissionAttributes } from "../../admission/admission-attributes.ts";
import { systemClock } from "../../clock.ts";
import type { DispatchNotes, DispatchOptions } from "../matching/dispatch-options.ts";
import type { Hook } from "../matching/indexed-hooks.ts";
import { requestTimeout } from "./dispatch-errors.ts";
import { observed } from "./dispatch-observation.ts";
import type { DispatcherOptions } from "./dispatcher.ts";
import { callHook } from "./hook-call.ts";
import { createHookSelector } from "./hook-selection.ts";
import { targetOf } from "./hook-target.ts";
import { createNotesCollector, type NotesCollector } from "./notes-collector.ts";
import { createRequestViews } from "./request-views.ts";

/** Calls the validating webhooks of a request, all at once. */
export interface ValidatingDispatcher {
  /**
   * Resolves when every webhook that has a say has allowed the request, or failed and may.
   * @throws the first refusal or failure that came, once all have answered; see {@link dispatchStatus}.
   */
  validate(attributes: AdmissionAttributes, options?: DispatchOptions): Promise<DispatchNotes>;
}

/** A webhook that is called, and what it is shown. */
interface SelectedHook {
  readonly hook: Hook;
  readonly shown: AdmissionAttributes;
}

/** Validating webhooks as kube-apiserver calls them (pkg/admission/plugin/webhook/validating): selected first, then all at once. */
export function createValidatingDispatcher(dispatcher: DispatcherOptions): ValidatingDispatcher {
  const { client, equivalents, clock = systemClock } = dispatcher;
  const selector = createHookSelector(dispatcher, "ValidatingWebhookConfiguration");

  async function select(
    attributes: AdmissionAttributes,
    { signal }: DispatchOptions,
  ): Promise<SelectedHook[]> {
    const views = createRequestViews(attributes, equivalents);
    const selected: SelectedHook[] = [];
    for (const candidate of selector.candidates(attributes)) {
      const selection = selector.select(candidate, attributes, views, signal);
      const matched = selection instanceof Promise ? await selection : selection;
      if (matched === undefined) continue;
      const view = views(matched);
      selected.push({ hook: candidate.hook, shown: view instanceof Promise ? await view : view });
    }
    return selected;
  }

  async function callAll(
    selected: readonly SelectedHook[],
    options: DispatchOptions,
    collector: NotesCollector,
  ): Promise<void> {
    const failures: unknown[] = [];
    const callOne = async ({ hook, shown }: SelectedHook, index: number): Promise<void> => {
      const answered = await callHook({
        ...{ client, target: targetOf(hook, shown.resource.group), attributes: shown, options, clock },
        observe: (response) => collector.take(hook, response),
      });
      if (!answered) collector.failedOpen("validating", { hook, index, round: 0 });
    };
    await Promise.all(
      selected.map((one, index) => callOne(one, index).catch((error) => failures.push(error))),
    );
    if (failures.length > 0) throw failures[0];
  }

  async function validate(attributes: AdmissionAttributes, options: DispatchOptions): Promise<DispatchNotes> {
    const collector = createNotesCollector();
    try {
      const selected = await select(attributes, options);
      const { deadlineAt = Number.POSITIVE_INFINITY } = options;
      if (selected.length > 0 && deadlineAt <= clock.now()) throw requestTimeout();
      await callAll(selected, options, collector);
      return collector.notes();
    } finally {
      options.onNotes?.(collector.notes());
    }
  }

  return {
    validate: (attributes, options = {}) =>
      observed("ValidatingAdmissionWebhook", attributes.operation, () => validate(attributes, options)),
  };
}
