import type { AdmissionAttributes } from "../../admission/admission-attributes.ts";
import type { WebhookConfigurationKind } from "../../apis/admissionregistration.ts";
import { diagnosticsChannel } from "../../diagnostics.ts";
import type { CountersignError } from "../../errors.ts";
import { andThen, type MaybePromise } from "../../maybe-promise.ts";
import { createHookIndexes, type IndexedHook } from "../matching/indexed-hooks.ts";
import { refusalOf } from "../matching/refusal.ts";
import type { MatchedResource } from "../matching/rule-matcher.ts";
import { matchWebhook } from "../matching/webhook-matcher.ts";
import type { DispatcherOptions } from "./dispatcher.ts";
import { isAdmissionObject, isExcluded, kubeAPIServerExclusions } from "./excluded-resources.ts";
import type { RequestViews } from "./request-views.ts";

/** Finds the webhooks of one kind that are called for a request. */
export interface HookSelector {
  /** Those whose rules can fit it, in the order they are called. */
  candidates(attributes: AdmissionAttributes): readonly IndexedHook[];
  /**
   * As what one of these is called for the request as it is now; undefined: it is not.
   * @throws ERR_WEBHOOK_REJECTED, which ends the request whatever the webhook's failurePolicy.
   */
  select(
    candidate: IndexedHook,
    attributes: AdmissionAttributes,
    views: RequestViews,
    signal?: AbortSignal,
  ): MaybePromise<MatchedResource | undefined>;
}

export function createHookSelector(options: DispatcherOptions, kind: WebhookConfigurationKind): HookSelector {
  const { configurations, staticConfigurations, equivalents, excluded = kubeAPIServerExclusions } = options;
  const indexOf = createHookIndexes(kind);
  return {
    candidates(attributes) {
      if (isExcluded(attributes, excluded)) return [];
      const { operation, resource, subResource = "" } = attributes;
      const others = equivalents?.equivalentsOf(resource, subResource) ?? [];
      const index = indexOf({ fixed: staticConfigurations?.() ?? [], configurations: configurations() });
      const found = index.candidates(operation, [resource, ...others.map((other) => other.resource)]);
      return isAdmissionObject(attributes) ? found.filter(({ fixed }) => fixed) : found;
    },
    select({ hook }, attributes, views, signal) {
      const matched = matchWebhook(hook.webhook, attributes, options);
      if ((hook.webhook.matchConditions ?? []).length === 0) return matched;
      return andThen(matched, (fit) => {
        return fit && applyConditions(options, { hook, attributes, matched: fit, views, signal });
      });
    },
  };
}

interface Condition {
  readonly hook: IndexedHook["hook"];
  readonly attributes: AdmissionAttributes;
  readonly matched: MatchedResource;
  readonly views: RequestViews;
  readonly signal: AbortSignal | undefined;
}

async function applyConditions(
  options: DispatcherOptions,
  condition: Condition,
): Promise<MatchedResource | undefined> {
  const { hook, attributes, matched } = condition;
  const outcome = await conditionOutcome(options, condition);
  if (outcome.kind === "matches") return matched;
  if (outcome.kind === "failed" && hook.webhook.failurePolicy !== "Ignore")
    throw forbidden(attributes, outcome.reason);
  excludedBy(hook, attributes);
  return undefined;
}

type ConditionOutcome =
  | { readonly kind: "matches" | "excluded" }
  | { readonly kind: "failed"; readonly reason: string };

async function conditionOutcome(
  { matchConditions }: DispatcherOptions,
  { hook: { kind, webhook }, matched, views, signal }: Condition,
): Promise<ConditionOutcome> {
  if (matchConditions === undefined) {
    const reason = `webhook ${JSON.stringify(webhook.name)}: matchConditions are not evaluated by this server`;
    return { kind: "failed", reason };
  }
  const attributes = await views(matched);
  const verdict = await matchConditions.evaluate({ kind, webhook, attributes, signal });
  if (verdict.outcome !== "failed") return { kind: verdict.outcome };
  return { kind: "failed", reason: verdict.error.message };
}

/** kube-apiserver's words (apimachinery pkg/api/errors NewForbidden). */
function forbidden({ resource, name = "" }: AdmissionAttributes, reason: string): CountersignError {
  const what = resource.group === "" ? resource.resource : `${resource.resource}.${resource.group}`;
  const named = name === "" ? what : `${what} ${JSON.stringify(name)}`;
  return refusalOf({
    code: 403,
    reason: "Forbidden",
    message: `${named} is forbidden: ${reason}`,
    details: {
      ...(name === "" ? {} : { name }),
      ...(resource.group === "" ? {} : { group: resource.group }),
      kind: resource.resource,
    },
  });
}

const channel = diagnosticsChannel("countersign:exclusion");

function excludedBy({ kind, webhook }: IndexedHook["hook"], { operation }: AdmissionAttributes): void {
  if (!channel.hasSubscribers) return;
  const type = kind === "MutatingWebhookConfiguration" ? "admit" : "validating";
  channel.publish({ webhook: webhook.name, type, operation });
}
