import type { JSONValue } from "../../admission/json-value.ts";
import { diagnosticsChannel } from "../../diagnostics.ts";
import type { DispatchNotes } from "../matching/dispatch-options.ts";
import type { Hook, IndexedHook } from "../matching/indexed-hooks.ts";
import type { VerifiedResponse } from "./admission-review.ts";
import {
  type CallAnnotation,
  callAnnotationKey,
  mutationAnnotation,
  ownAnnotationKey,
  patchAnnotation,
} from "./audit-annotations.ts";
import { createWarningRecorder } from "./warning-recorder.ts";

/** One call of a webhook: in which round, and the how manieth of all webhooks it is. */
export type CallPlace = Pick<IndexedHook, "hook" | "index"> & { readonly round: number };

/** Warnings and audit annotations, gathered as answers come. */
export interface NotesCollector {
  notes(): DispatchNotes;
  /** What the webhook itself says. */
  take(hook: Hook, response: VerifiedResponse): void;
  failedOpen(type: "validating" | "mutation", place: CallPlace): void;
  mutated(place: CallPlace, changed: boolean): void;
  patched(place: CallPlace, patch: readonly JSONValue[]): void;
}

/** Notes of one dispatch. What an API server would refuse to keep is dropped and told of on `countersign:annotation`. */
export function createNotesCollector(): NotesCollector {
  const recorder = createWarningRecorder();
  const auditAnnotations: Record<string, string> = Object.create(null);
  const requestAuditAnnotations: Record<string, string> = Object.create(null);
  const setOwn = (webhook: string, key: string, value: string): void => {
    const qualified = ownAnnotationKey(webhook, key);
    if (qualified !== undefined) auditAnnotations[qualified] ??= value;
    if (qualified === undefined) dropped(webhook, key, "notQualified");
    else if (auditAnnotations[qualified] !== value) dropped(webhook, key, "conflicting");
  };
  const keyOf = (what: CallAnnotation, { round, index }: CallPlace): string =>
    callAnnotationKey(what, round, index);
  return {
    notes: () => ({ warnings: recorder.warnings, auditAnnotations, requestAuditAnnotations }),
    take({ webhook }, response) {
      for (const [key, value] of Object.entries(response.auditAnnotations)) setOwn(webhook.name, key, value);
      for (const warning of response.warnings) recorder.add(warning);
    },
    failedOpen(type, place) {
      auditAnnotations[keyOf(`failed-open.${type}.webhook.admission.k8s.io`, place)] =
        place.hook.webhook.name;
    },
    mutated(place, changed) {
      const key = keyOf("mutation.webhook.admission.k8s.io", place);
      auditAnnotations[key] = mutationAnnotation(place.hook, changed);
    },
    patched(place, patch) {
      const key = keyOf("patch.webhook.admission.k8s.io", place);
      requestAuditAnnotations[key] = patchAnnotation(place.hook, patch);
    },
  };
}

const channel = diagnosticsChannel("countersign:annotation");

function dropped(webhook: string, key: string, problem: "notQualified" | "conflicting"): void {
  if (channel.hasSubscribers) channel.publish({ webhook, key, problem });
}
