import type { Webhook } from "../../apis/admissionregistration.ts";
import type { ServiceAccountReference } from "../../apis/authentication.ts";
import type { LabelSelector } from "../../apis/meta.ts";
import { CountersignError } from "../../errors.ts";
import { isEmptySelector, selectorMatches } from "../matching/label-selector.ts";
import { interceptsTokenRequests } from "../matching/webhook-matcher.ts";
import type { EndpointTokenIntent } from "./endpoint-token-intent.ts";
import type { FoundWebhook } from "./find-webhooks-by-host-port.ts";

/** What excludes the request for a token, and nothing else, from a webhook whose rules match it. */
export const curingExpression =
  'request.resource.group != "" || request.resource.resource != "serviceaccounts" || request.subResource != "token"';

/** A webhook that stands in its own way, and what becomes of that: the error of whoever has no token for it. */
export function interceptedError(
  { configuration, webhook }: FoundWebhook,
  cause?: unknown,
): CountersignError {
  return new CountersignError(
    "ERR_TOKEN_REQUEST_INTERCEPTED",
    `webhook ${webhook.name} of ${configuration.kind} ${configuration.name} is called for the very request that would bring its token: ` +
      `take serviceaccounts/token out of its rules, or add the matchCondition ${JSON.stringify(curingExpression)}`,
    { cause },
  );
}

/**
 * Whether who wants this token may be the API server that reviews the request for it. A token for one API group is never
 * for kube-apiserver; whom a plain one is for it does not say.
 */
export function mayWaitForItself(intent: EndpointTokenIntent): boolean {
  return intent.mode === "audience" || intent.apiGroup === "*";
}

/** Whether an API server calls a webhook for the request for a ServiceAccount's token. */
export type Interception = "never" | "possible" | "certain";

/**
 * As much as rules and selectors say. Match conditions leave it possible: to evaluate them takes a language that the
 * credential plugin has no time to load.
 */
export function interceptionOf(webhook: Webhook, { namespace }: ServiceAccountReference): Interception {
  if (!interceptsTokenRequests(webhook)) return "never";
  const { namespaceSelector, objectSelector, matchConditions = [] } = webhook;
  // our request has no labels
  const fits = [fitsNamespace(namespaceSelector, namespace), verdictOf(objectSelector, {})];
  if (fits.includes(false)) return "never";
  return fits.includes(undefined) || matchConditions.length > 0 ? "possible" : "certain";
}

/** Every namespace has its name as this label; what others it has is not known here. */
const nameLabel = "kubernetes.io/metadata.name";

/** Undefined where other labels decide. */
function fitsNamespace(selector: LabelSelector | undefined, namespace: string): boolean | undefined {
  if (selector === undefined || isEmptySelector(selector)) return true;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  const byName = {
    matchLabels: Object.fromEntries(Object.entries(matchLabels).filter(([key]) => key === nameLabel)),
    matchExpressions: matchExpressions.filter(({ key }) => key === nameLabel),
  };
  const fits = verdictOf(byName, { [nameLabel]: namespace });
  const others = Object.keys(matchLabels).length - Object.keys(byName.matchLabels).length;
  const decides = others === 0 && matchExpressions.length === byName.matchExpressions.length;
  return fits === true && !decides ? undefined : fits;
}

/** Undefined for a selector that is none: what an API server stored before it validated, it fails over. */
function verdictOf(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>>,
): boolean | undefined {
  try {
    return selectorMatches(selector, labels);
  } catch {
    return undefined;
  }
}
