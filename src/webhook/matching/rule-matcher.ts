import type { AdmissionAttributes } from "../../admission/admission-attributes.ts";
import { ruleMatches, rulesMatch } from "../../admission/rules.ts";
import type { Webhook } from "../../apis/admissionregistration.ts";
import type { GroupVersionKind, GroupVersionResource } from "../../apis/meta.ts";
import { type EquivalentResources, sameResource } from "./equivalent-resources.ts";

/** As what a request fits a webhook's rules: as itself, or as an equivalent of it. */
export interface MatchedResource {
  readonly resource: GroupVersionResource;
  readonly kind: GroupVersionKind;
}

/**
 * As what the request fits the rules, if at all. Exactly first; then, under `matchPolicy: Equivalent`, the earliest rule
 * that fits one of its equivalents, and of these the first. Without a policy it is exactly: an API server defaults the
 * field when a configuration is stored.
 */
export function matchRules(
  { rules = [], matchPolicy }: Webhook,
  attributes: AdmissionAttributes,
  equivalents?: EquivalentResources,
): MatchedResource | undefined {
  const { resource, kind, subResource = "" } = attributes;
  if (rulesMatch(rules, attributes)) return { resource, kind };
  if (matchPolicy !== "Equivalent" || equivalents === undefined) return undefined;
  const others = equivalents
    .equivalentsOf(resource, subResource)
    .filter((other) => !sameResource(other.resource, resource));
  for (const rule of rules)
    for (const other of others)
      if (ruleMatches(rule, { ...attributes, resource: other.resource })) return other;
  return undefined;
}
