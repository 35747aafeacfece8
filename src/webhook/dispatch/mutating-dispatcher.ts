import type { AdmissionAttributes } from "../../admission/admission-attributes.ts";
import { equalJSON } from "../../admission/json-diff.ts";
import type { JSONValue } from "../../admission/json-value.ts";
import { systemClock } from "../../clock.ts";
import type { MaybePromise } from "../../maybe-promise.ts";
import type { DispatchNotes, DispatchOptions } from "../matching/dispatch-options.ts";
import type { IndexedHook } from "../matching/indexed-hooks.ts";
import { requestTimeout } from "./dispatch-errors.ts";
import { observed } from "./dispatch-observation.ts";
import type { DispatcherOptions, PatchedObjects } from "./dispatcher.ts";
import { callHook } from "./hook-call.ts";
import { type PatchedObject, patchedObject } from "./hook-patch.ts";
import { createHookSelector } from "./hook-selection.ts";
import { targetOf } from "./hook-target.ts";
import { type CallPlace, createNotesCollector, type NotesCollector } from "./notes-collector.ts";
import { createReinvocation, type Reinvocation } from "./reinvocation.ts";
import { createMutableRequest, type MutableRequest } from "./request-views.ts";

/** A mutating dispatcher also has to know what a patched object is read into. */
export interface MutatingDispatcherOptions extends DispatcherOptions {
  /** Default: it is taken as the patch leaves it. */
  readonly patchedObjects?: PatchedObjects;
}

/** What is mutated beside webhooks. */
export interface MutationOptions extends DispatchOptions {
  /**
   * The API server's own mutating plugins, once more on what webhooks have changed, before the second round. If they
   * change the object, webhooks with `reinvocationPolicy: IfNeeded` are shown it. Their first run is the caller's.
   */
  readonly inTree?: (object: JSONValue) => MaybePromise<JSONValue>;
}

/** Calls the mutating webhooks of a request, one after the other, each with what the one before it made. */
export interface MutatingDispatcher {
  /**
   * The object as all webhooks have left it, each having been shown what the ones before it made. Where one of them
   * changed it there is a second round, of those that were called before the change and have `reinvocationPolicy:
   * IfNeeded`; there is no third. The request's own object stays as it is.
   * @throws the first refusal or failure, see {@link dispatchStatus}; a patch that does not apply fails the request
   * whatever the failurePolicy.
   */
  mutate(
    attributes: AdmissionAttributes,
    options?: MutationOptions,
  ): Promise<DispatchNotes & { readonly object: JSONValue | undefined }>;
}

/** One request on its way through the webhooks. */
interface Mutation {
  readonly request: MutableRequest;
  readonly candidates: readonly IndexedHook[];
  readonly reinvocation: Reinvocation;
  readonly collector: NotesCollector;
  readonly options: MutationOptions;
}

/** Mutating webhooks as kube-apiserver calls them (pkg/admission/plugin/webhook/mutating), second round included. */
export function createMutatingDispatcher(dispatcher: MutatingDispatcherOptions): MutatingDispatcher {
  const { client, equivalents, patchedObjects, clock = systemClock } = dispatcher;
  const selector = createHookSelector(dispatcher, "MutatingWebhookConfiguration");

  async function callOne(
    { request, reinvocation, collector, options }: Mutation,
    place: CallPlace,
    shown: AdmissionAttributes,
  ): Promise<void> {
    const { hook } = place;
    let patched: PatchedObject | undefined;
    const answered = await callHook({
      ...{ client, target: targetOf(hook, shown.resource.group), attributes: shown, options, clock },
      observe: (response) => collector.take(hook, response),
      async accept(response) {
        patched = await patchedObject(hook.webhook, shown, response, patchedObjects);
      },
    }).finally(() => collector.mutated(place, patched?.changed ?? false));
    if (patched !== undefined) {
      collector.patched(place, patched.patch);
      request.replace(patched.object);
    }
    reinvocation.called(hook, patched?.changed ?? false);
    if (answered) return;
    collector.failedOpen("mutation", place);
    if ((options.deadlineAt ?? Number.POSITIVE_INFINITY) <= clock.now()) throw requestTimeout();
  }

  /** Every webhook is matched against what the ones before it have made, in the second round as in the first. */
  async function runRound(mutation: Mutation, round: 0 | 1): Promise<void> {
    const { request, candidates, reinvocation, options } = mutation;
    for (const candidate of candidates) {
      const matched = await selector.select(candidate, request.current(), request.as, options.signal);
      if (matched === undefined || (round === 1 && !reinvocation.wants(candidate.hook))) continue;
      await callOne(mutation, { ...candidate, round }, await request.as(matched));
    }
  }

  async function runAll(mutation: Mutation): Promise<void> {
    const { request, reinvocation, options } = mutation;
    await runRound(mutation, 0);
    if (!reinvocation.due) return;
    const object = (await request.result())!;
    const completed = (await options.inTree?.(object)) ?? object;
    if (!equalJSON(object, completed)) reinvocation.changedBetween();
    request.restart(completed);
    await runRound(mutation, 1);
  }

  async function mutate(
    attributes: AdmissionAttributes,
    options: MutationOptions,
  ): Promise<DispatchNotes & { readonly object: JSONValue | undefined }> {
    const collector = createNotesCollector();
    const request = createMutableRequest(attributes, equivalents);
    const candidates = selector.candidates(attributes);
    try {
      await runAll({ request, candidates, reinvocation: createReinvocation(), collector, options });
      return { ...collector.notes(), object: await request.result() };
    } finally {
      options.onNotes?.(collector.notes());
    }
  }

  return {
    mutate: (attributes, options = {}) =>
      observed("MutatingAdmissionWebhook", attributes.operation, () => mutate(attributes, options)),
  };
}
