import type { LabelSelector, LabelSelectorRequirement } from "../../apis/meta.ts";
import { CountersignError } from "../../errors.ts";

/**
 * Whether labels fit a selector: every label and every expression of it. An empty or absent one fits all.
 * @throws ERR_WEBHOOK_CALL for an operator that there is not, or one with values it cannot have.
 */
export function selectorMatches(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (selector === undefined) return true;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  // all of them are looked at, so that a fault is met whatever the labels
  const expressions = matchExpressions.map((requirement) => requirementMatches(requirement, labels));
  return (
    Object.entries(matchLabels).every(([key, value]) => own(labels, key) === value) &&
    expressions.every(Boolean)
  );
}

export function isEmptySelector(selector: LabelSelector | undefined): boolean {
  if (selector === undefined) return true;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  for (const _ in matchLabels) return false;
  return matchExpressions.length === 0;
}

function requirementMatches(
  { key, operator, values = [] }: LabelSelectorRequirement,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = own(labels, key);
  const needsValues = operator === "In" || operator === "NotIn";
  if (needsValues !== values.length > 0)
    throw fault(`${operator} on ${key}: ${needsValues ? "needs" : "has no"} values`);
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      throw fault(`${JSON.stringify(operator)} is not a valid label selector operator`);
  }
}

function own(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function fault(message: string): CountersignError {
  return new CountersignError("ERR_WEBHOOK_CALL", `label selector: ${message}`);
}
