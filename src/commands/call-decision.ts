import type { AdmissionAttributes } from "../admission/admission-attributes.ts";
import type { Webhook, WebhookConfigurationKind } from "../apis/admissionregistration.ts";
import type { MatchConditionEvaluator } from "../cel/match-condition-evaluator.ts";
import { CountersignError } from "../errors.ts";
import {
  isAdmissionObject,
  isExcluded,
  kubeAPIServerExclusions,
} from "../webhook/dispatch/excluded-resources.ts";
import { matchRules } from "../webhook/matching/rule-matcher.ts";
import { matchWebhook, type NamespaceLabels } from "../webhook/matching/webhook-matcher.ts";

/** Whether an API server would call a webhook for a request; otherwise why not, and whether the request ends there. */
export type CallDecision =
  | { readonly isCalled: true }
  | { readonly isCalled: false; readonly isRefused: boolean; readonly why: string };

/** What deciding asks of the cluster. */
export interface DecisionMeans {
  readonly namespaceLabels: NamespaceLabels;
  readonly matchConditions: MatchConditionEvaluator;
}

/** Decides as kube-apiserver does, in its order, and says what was in the way. Equivalent resources are not looked at. */
export async function decideCall(
  kind: WebhookConfigurationKind,
  webhook: Webhook,
  attributes: AdmissionAttributes,
  means: DecisionMeans,
): Promise<CallDecision> {
  try {
    return (
      decideByResource(webhook, attributes) ??
      (await decideBySelectors(webhook, attributes, means)) ??
      (await decideByConditions(kind, webhook, attributes, means)) ??
      decideByDryRun(webhook, attributes) ?? { isCalled: true }
    );
  } catch (error) {
    if (error instanceof CountersignError && error.code === "ERR_WEBHOOK_REJECTED")
      return refused(error.message);
    throw error;
  }
}

function decideByResource(webhook: Webhook, attributes: AdmissionAttributes): CallDecision | undefined {
  if (isExcluded(attributes, kubeAPIServerExclusions) || isAdmissionObject(attributes))
    return skipped("kube-apiserver calls no registered webhook for this resource");
  if (matchRules(webhook, attributes) !== undefined) return undefined;
  const { operation, resource, subResource } = attributes;
  const what = [resource.group, resource.version, resource.resource, subResource].filter(Boolean).join("/");
  return skipped(`none of its rules matches ${operation} of ${what}`);
}

async function decideBySelectors(
  { namespaceSelector, objectSelector, ...rest }: Webhook,
  attributes: AdmissionAttributes,
  means: DecisionMeans,
): Promise<CallDecision | undefined> {
  const selectors = {
    namespaceSelector: namespaceSelector === undefined ? {} : { namespaceSelector },
    objectSelector: objectSelector === undefined ? {} : { objectSelector },
  };
  // one at a time, because an API server does not say which it was
  for (const [name, selector] of Object.entries(selectors))
    if ((await matchWebhook({ ...rest, ...selector }, attributes, means)) === undefined)
      return skipped(`its ${name} does not select it`);
  return undefined;
}

async function decideByConditions(
  kind: WebhookConfigurationKind,
  webhook: Webhook,
  attributes: AdmissionAttributes,
  { matchConditions }: DecisionMeans,
): Promise<CallDecision | undefined> {
  if ((webhook.matchConditions ?? []).length === 0) return undefined;
  const verdict = await matchConditions.evaluate({ kind, webhook, attributes });
  if (verdict.outcome === "matches") return undefined;
  if (verdict.outcome === "excluded")
    return skipped(`its match condition ${JSON.stringify(verdict.condition)} is false`);
  const why = `its match conditions cannot be evaluated: ${verdict.error.message}`;
  return webhook.failurePolicy === "Ignore" ? skipped(`${why}; its failurePolicy is Ignore`) : refused(why);
}

function decideByDryRun({ sideEffects }: Webhook, { dryRun }: AdmissionAttributes): CallDecision | undefined {
  if (dryRun !== true || sideEffects === "None" || sideEffects === "NoneOnDryRun") return undefined;
  return refused(`it does not support dry run: its sideEffects are ${sideEffects ?? "not said"}`);
}

function skipped(why: string): CallDecision {
  return { isCalled: false, isRefused: false, why };
}

function refused(why: string): CallDecision {
  return { isCalled: false, isRefused: true, why };
}
