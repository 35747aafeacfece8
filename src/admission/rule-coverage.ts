import type { Operation, RuleWithOperations } from "../apis/admissionregistration.ts";

type Rules = readonly RuleWithOperations[];

/** What one rule matches, taken apart so far that a single other rule sends it or nobody does. */
interface Match {
  readonly operation: Operation;
  readonly group: string;
  readonly resource: string;
  /** Undefined where the resource has but one scope, whichever that is. */
  readonly scope: "Cluster" | "Namespaced" | undefined;
  readonly versions: readonly string[];
}

/**
 * What a policy matches that a webhook with these rules is never sent, so that the policy never judges it: `CREATE, UPDATE
 * deployments.apps`, a line for each resource. Empty where the rules send all of it. A version counts as sent where the
 * resource is sent in any version that the policy matches: with `matchPolicy: Equivalent`, the default, an API server
 * converts. `CONNECT` is for subresources alone.
 */
export function unsentMatches(match: Rules, rules: Rules): readonly string[] {
  const operations = new Map<string, Set<string>>();
  for (const one of match.flatMap(takeApart)) {
    if (rules.some((rule) => sends(rule, one))) continue;
    const name = nameOf(one);
    operations.set(name, (operations.get(name) ?? new Set()).add(one.operation));
  }
  return [...operations].map(([name, unsent]) => `${[...unsent].join(", ")} ${name}`);
}

function takeApart({ operations, apiGroups, apiVersions, resources, scope }: RuleWithOperations): Match[] {
  return resources.flatMap((resource) =>
    apiGroups.flatMap((group) =>
      operationsOf(operations, resource).flatMap((operation) =>
        scopesOf(scope, resource).map((one) => ({
          operation,
          group,
          resource,
          scope: one,
          versions: apiVersions,
        })),
      ),
    ),
  );
}

function operationsOf(operations: RuleWithOperations["operations"], resource: string): readonly Operation[] {
  const named = operations.filter((operation) => operation !== "*");
  if (named.length === operations.length) return named;
  return resource.includes("/") ? ["CREATE", "UPDATE", "DELETE", "CONNECT"] : ["CREATE", "UPDATE", "DELETE"];
}

function scopesOf(scope: RuleWithOperations["scope"], resource: string): readonly Match["scope"][] {
  if (scope === "Cluster" || scope === "Namespaced") return [scope];
  return partsOf(resource).main === "*" ? ["Cluster", "Namespaced"] : [undefined];
}

function sends(rule: RuleWithOperations, match: Match): boolean {
  const { scope = "*" } = rule;
  return (
    (rule.operations.includes("*") || rule.operations.includes(match.operation)) &&
    (rule.apiGroups.includes("*") || rule.apiGroups.includes(match.group)) &&
    meet(rule.apiVersions, match.versions) &&
    (scope === "*" || match.scope === undefined || scope === match.scope) &&
    rule.resources.some((resource) => includes(resource, match.resource))
  );
}

function meet(sent: readonly string[], matched: readonly string[]): boolean {
  return sent.includes("*") || matched.includes("*") || matched.some((version) => sent.includes(version));
}

/** Whether all that the second pattern means is meant by the first: `pods/*` is pods with a subresource and without. */
function includes(outer: string, inner: string): boolean {
  const [sent, matched] = [partsOf(outer), partsOf(inner)];
  return (sent.main === "*" || sent.main === matched.main) && (sent.sub === "*" || sent.sub === matched.sub);
}

function partsOf(resource: string): { readonly main: string; readonly sub: string } {
  const [main = "", sub = ""] = resource.split("/");
  return { main, sub };
}

/** As kubectl names it: `pods`, `deployments.apps`, `deployments.apps/scale`, `*.*`. */
function nameOf({ group, resource, scope }: Match): string {
  const { main, sub } = partsOf(resource);
  const qualified = group === "" ? main : `${main}.${group}`;
  const name = sub === "" ? qualified : `${qualified}/${sub}`;
  return scope === undefined ? name : `${name} (${scope === "Cluster" ? "cluster-scoped" : "namespaced"})`;
}
