import type { WebhookConfigurationKind } from "../../apis/admissionregistration.ts";
import { diagnosticsChannel } from "../../diagnostics.ts";
import type { CountersignError } from "../../errors.ts";
import type { AdmissionAttributes } from "../matching/admission-attributes.ts";
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
  ): Promise<MatchedResource | undefined>;
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
    async select({ hook }, attributes, views, signal) {
      const matched = await matchWebhook(hook.webhook, attributes, options);
      if (matched === undefined || (hook.webhook.matchConditions ?? []).length === 0) return matched;
      const error = await conditionError(options, { hook, shown: await views(matched), signal });
      if (error === "matches") return matched;
      if (error !== "excluded" && hook.webhook.failurePolicy !== "Ignore") throw forbidden(attributes, error);
      excludedBy(hook, attributes);
      return undefined;
    },
  };
}

interface Condition {
  readonly hook: IndexedHook["hook"];
  readonly shown: AdmissionAttributes;
  readonly signal: AbortSignal | undefined;
}

/** What match conditions say, or why they say nothing. */
async function conditionError(
  { matchConditions }: DispatcherOptions,
  { hook: { kind, webhook }, shown, signal }: Condition,
): Promise<"matches" | "excluded" | string> {
  if (matchConditions === undefined)
    return `webhook ${JSON.stringify(webhook.name)}: matchConditions are not evaluated by this server`;
  const verdict = await matchConditions.evaluate({ kind, webhook, attributes: shown, signal });
  return verdict.outcome === "failed" ? verdict.error.message : verdict.outcome;
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
