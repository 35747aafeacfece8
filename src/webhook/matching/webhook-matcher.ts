import type { AdmissionAttributes } from "../../admission/admission-attributes.ts";
import { getOwn, isJSONObject, type JSONValue } from "../../admission/json-value.ts";
import { ruleMatches } from "../../admission/rules.ts";
import type { Webhook } from "../../apis/admissionregistration.ts";
import { CountersignError, errorMessageOf } from "../../errors.ts";
import { andThen, type MaybePromise } from "../../maybe-promise.ts";
import type { EquivalentResources } from "./equivalent-resources.ts";
import { isEmptySelector, selectorMatches } from "./label-selector.ts";
import { internalRefusal, refusalOf } from "./refusal.ts";
import { type MatchedResource, matchRules } from "./rule-matcher.ts";

/** The labels of a namespace, or undefined where there is none of that name. */
export type NamespaceLabels = (name: string) => MaybePromise<Readonly<Record<string, string>> | undefined>;

/** What matching asks others. */
export interface MatchOptions {
  readonly namespaceLabels: NamespaceLabels;
  readonly equivalents?: EquivalentResources;
}

/**
 * As what a webhook is called for a request, by its rules and selectors; undefined: it is not. A selector that does not
 * fit leaves the webhook out whatever is wrong with the others, and what is wrong counts only where rules and the other
 * selector fit (kube-apiserver's order, pkg/admission/plugin/webhook/generic).
 * @throws ERR_WEBHOOK_REJECTED: 404 where the namespace is not there, 500 for a selector that is none, for labels that
 * cannot be had, and for an equivalent whose kind nobody knows.
 */
export function matchWebhook(
  webhook: Webhook,
  attributes: AdmissionAttributes,
  options: MatchOptions,
): MaybePromise<MatchedResource | undefined> {
  const matched = matchRules(webhook, attributes, options.equivalents);
  if (matched === undefined) return undefined;
  const { namespaceSelector, objectSelector } = webhook;
  // most webhooks select nothing, and an async step costs more than all of this
  const selects = !isEmptySelector(namespaceSelector) || !isEmptySelector(objectSelector);
  if (!selects && matched.kind.kind !== "") return matched;
  return matchSelectors(webhook, attributes, options, matched);
}

function matchSelectors(
  webhook: Webhook,
  attributes: AdmissionAttributes,
  { namespaceLabels }: MatchOptions,
  matched: MatchedResource,
): MaybePromise<MatchedResource | undefined> {
  return andThen(
    verdictOf(() => namespaceFits(webhook, attributes, namespaceLabels)),
    (namespace) => {
      if (namespace === false) return undefined;
      return andThen(
        verdictOf(() => objectFits(webhook, attributes)),
        (object) => {
          if (object === false) return undefined;
          if (matched.kind.kind === "") throw unknownKind(matched);
          if (namespace !== true) throw namespace;
          if (object !== true) throw object;
          return matched;
        },
      );
    },
  );
}

/** An error is a value here: it counts only after other things have been looked at. */
function verdictOf(selector: () => MaybePromise<boolean>): MaybePromise<boolean | CountersignError> {
  try {
    const verdict = selector();
    return verdict instanceof Promise ? verdict.catch(selectorError) : verdict;
  } catch (error) {
    return selectorError(error);
  }
}

function selectorError(error: unknown): CountersignError {
  if (error instanceof CountersignError && error.code === "ERR_WEBHOOK_REJECTED") return error;
  return internalRefusal(errorMessageOf(error));
}

function unknownKind({ resource: { group, version, resource } }: MatchedResource): CountersignError {
  const shown = `${group}/${version}, Resource=${resource}`;
  return internalRefusal(`unable to convert to ${shown}: unknown kind`);
}

function namespaceFits(
  { namespaceSelector }: Webhook,
  attributes: AdmissionAttributes,
  namespaceLabels: NamespaceLabels,
): MaybePromise<boolean> {
  if (isEmptySelector(namespaceSelector)) return true;
  const { resource, subResource, operation, object } = attributes;
  const isNamespace = resource.group === "" && resource.resource === "namespaces";
  if (isNamespace && !subResource && (operation === "CREATE" || operation === "UPDATE"))
    return selectorMatches(namespaceSelector, labelsOf(object) ?? {});
  const name = isNamespace ? attributes.name : attributes.namespace;
  if (!name) return true;
  return andThen(namespaceLabels(name), (labels) => {
    if (labels === undefined) throw noSuchNamespace(name);
    return selectorMatches(namespaceSelector, labels);
  });
}

function noSuchNamespace(name: string): CountersignError {
  return refusalOf({
    code: 404,
    reason: "NotFound",
    message: `namespaces ${JSON.stringify(name)} not found`,
    details: { name, kind: "namespaces" },
  });
}

function objectFits({ objectSelector }: Webhook, { object, oldObject }: AdmissionAttributes): boolean {
  if (isEmptySelector(objectSelector)) return true;
  const candidates = [labelsOf(object), labelsOf(oldObject)];
  // a selector that is none is met although nothing has labels that it could fit
  return candidates.map((labels) => selectorMatches(objectSelector, labels ?? {}) && labels).some(Boolean);
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
  return rules.some((rule) => ruleMatches(rule, tokenRequestAttributes));
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
