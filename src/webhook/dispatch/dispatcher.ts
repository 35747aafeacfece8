import type { WebhookConfiguration } from "../../apis/admissionregistration.ts";
import type { Clock } from "../../clock.ts";
import type { WebhookTarget } from "../client/authentication-info-resolver.ts";
import type { WebhookClient } from "../client/webhook-client.ts";
import type { DispatchNotes } from "../matching/admission-attributes.ts";
import type { NamespaceLabels } from "../matching/webhook-matcher.ts";
import type { VerifiedResponse } from "./admission-review.ts";
import type { ExcludedResource } from "./hook-selection.ts";

/** What a dispatcher needs to know which webhooks to call, and how. */
export interface DispatcherOptions {
  readonly client: WebhookClient;
  /** The configurations as they are now. An object that has not changed should stay the same object. */
  readonly configurations: () => readonly WebhookConfiguration[];
  /** Asked when a namespaceSelector has to be decided. */
  readonly namespaceLabels: NamespaceLabels;
  /** Resources that no webhook is called for. Default: the six of kube-apiserver 1.37; an aggregated server has none. */
  readonly excluded?: readonly ExcludedResource[];
  readonly clock?: Clock;
}

/** Warnings and audit annotations, gathered as answers come. */
export interface NotesCollector {
  readonly notes: DispatchNotes;
  take(target: WebhookTarget, response: VerifiedResponse): void;
  failedOpen(type: "validating" | "mutation", index: number, target: WebhookTarget): void;
}

export function createNotesCollector(): NotesCollector {
  const warnings: string[] = [];
  const auditAnnotations: Record<string, string> = Object.create(null);
  return {
    notes: { warnings, auditAnnotations },
    take({ webhook }, response) {
      for (const warning of response.warnings) if (!warnings.includes(warning)) warnings.push(warning);
      for (const [key, value] of Object.entries(response.auditAnnotations))
        auditAnnotations[`${webhook.name}/${key}`] ??= value;
    },
    failedOpen(type, index, { webhook }) {
      auditAnnotations[`failed-open.${type}.webhook.admission.k8s.io/round_0_index_${index}`] = webhook.name;
    },
  };
}
