import { getOwn, isJSONObject, type JSONValue } from "../../admission/json-value.ts";
import { ruleMatches } from "../../admission/rules.ts";
import type { Webhook } from "../../apis/admissionregistration.ts";
import type { MaybePromise } from "../../maybe-promise.ts";
import type { AdmissionAttributes } from "./admission-attributes.ts";
import { isEmptySelector, selectorMatches } from "./label-selector.ts";
import { refusalOf } from "./refusal.ts";

/** The labels of a namespace, or undefined where there is none of that name. */
export type NamespaceLabels = (name: string) => MaybePromise<Readonly<Record<string, string>> | undefined>;

/**
 * Whether a webhook is called for a request: its selectors and rules, in kube-apiserver's order
 * (pkg/admission/plugin/webhook/generic), rules by the exact resource alone: with one version of each resource served,
 * `Equivalent` finds no other. What a selector has against the request counts only where the rules match.
 * @throws ERR_WEBHOOK_REJECTED (404) where the namespace is not there, ERR_WEBHOOK_CALL for a selector that is none.
 */
export async function webhookMatches(
  webhook: Webhook,
  attributes: AdmissionAttributes,
  namespaceLabels: NamespaceLabels,
): Promise<boolean> {
  if (!(webhook.rules ?? []).some((rule) => ruleMatches(rule, attributes))) return false;
  return (await namespaceFits(webhook, attributes, namespaceLabels)) && objectFits(webhook, attributes);
}

async function namespaceFits(
  { namespaceSelector }: Webhook,
  attributes: AdmissionAttributes,
  namespaceLabels: NamespaceLabels,
): Promise<boolean> {
  if (isEmptySelector(namespaceSelector)) return true;
  const { resource, subResource, operation, object } = attributes;
  const isNamespace = resource.group === "" && resource.resource === "namespaces";
  if (isNamespace && !subResource && (operation === "CREATE" || operation === "UPDATE"))
    return selectorMatches(namespaceSelector, labelsOf(object) ?? {});
  const name = isNamespace ? attributes.name : attributes.namespace;
  if (!name) return true;
  const labels = await namespaceLabels(name);
  if (labels === undefined)
    throw refusalOf({
      code: 404,
      reason: "NotFound",
      message: `namespaces ${JSON.stringify(name)} not found`,
      details: { name, kind: "namespaces" },
    });
  return selectorMatches(namespaceSelector, labels);
}

function objectFits({ objectSelector }: Webhook, { object, oldObject }: AdmissionAttributes): boolean {
  if (isEmptySelector(objectSelector)) return true;
  return [object, oldObject]
    .map(labelsOf)
    .some((labels) => labels !== undefined && selectorMatches(objectSelector, labels));
}

/** Undefined for what cannot have labels, which no selector but an empty one matches. */
function labelsOf(object: JSONValue | undefined): Readonly<Record<string, string>> | undefined {
  if (object === undefined || !isJSONObject(object)) return undefined;
  const metadata = getOwn(object, "metadata") ?? null;
  if (!isJSONObject(metadata)) return undefined;
  const labels = getOwn(metadata, "labels") ?? null;
  return isJSONObject(labels) ? (labels as Readonly<Record<string, string>>) : {};
}

/**
 * Whether a webhook is called for the requests that tokens are asked with. It would wait for its own token: what is
 * reviewed is the request that would bring it. So whoever dispatches a review of `serviceaccounts/token` sends a token
 * that is held, or none, and never waits; and `lint` names the webhook.
 */
export function interceptsTokenRequests({ rules = [] }: Webhook): boolean {
  return rules.some((rule) => ruleMatches({ ...rule, scope: "*" }, tokenRequestAttributes));
}

const tokenRequestAttributes = {
  operation: "CREATE",
  resource: { group: "", version: "v1", resource: "serviceaccounts" },
  subResource: "token",
  namespace: "default",
} as const;

/** Whether this is the review of a request for a token. */
export function isTokenRequest({ resource, subResource }: AdmissionAttributes): boolean {
  return resource.group === "" && resource.resource === "serviceaccounts" && subResource === "token";
}
