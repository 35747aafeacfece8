import type { Operation, RuleWithOperations } from "../apis/admissionregistration.ts";
import type { GroupVersionResource } from "../apis/meta.ts";

/** What of a request its matching looks at. An {@link AdmissionRequestEnvelope} is one. */
export interface RuleAttributes {
  readonly operation: Operation;
  readonly resource: GroupVersionResource;
  readonly subResource?: string;
  /** For a Namespace its own name. */
  readonly namespace?: string;
}

/** Whether an API server would call a webhook with these rules (k8s.io/apiserver predicates/rules/rules.go). */
export function rulesMatch(rules: readonly RuleWithOperations[], attributes: RuleAttributes): boolean {
  for (const rule of rules) if (ruleMatches(rule, attributes)) return true;
  return false;
}

/** Scope, operation, group, version and resource, each exactly or by `*`. */
export function ruleMatches(rule: RuleWithOperations, attributes: RuleAttributes): boolean {
  const { resource, operation } = attributes;
  return (
    scopeMatches(rule.scope, attributes) &&
    exactOrAll(rule.operations, operation) &&
    exactOrAll(rule.apiGroups, resource.group) &&
    exactOrAll(rule.apiVersions, resource.version) &&
    rule.resources.some((pattern) =>
      resourceMatches(pattern, resource.resource, attributes.subResource ?? ""),
    )
  );
}

function exactOrAll(items: readonly string[], requested: string): boolean {
  return items.includes("*") || items.includes(requested);
}

function scopeMatches(
  scope: RuleWithOperations["scope"],
  { resource, namespace = "" }: RuleAttributes,
): boolean {
  if (scope === undefined || scope === "*") return true;
  // a Namespace is sent with its own name as namespace, and is cluster-scoped all the same
  const { group, version } = resource;
  const isNamespace = resource.resource === "namespaces" && group === "" && version === "v1";
  const namespaced = namespace !== "" && !isNamespace;
  return scope === "Namespaced" ? namespaced : !namespaced;
}

// `pods` is pods without any subresource; `pods/*` is pods with and without one
function resourceMatches(pattern: string, resource: string, subResource: string): boolean {
  const slash = pattern.indexOf("/");
  const main = slash < 0 ? pattern : pattern.slice(0, slash);
  const sub = slash < 0 ? "" : pattern.slice(slash + 1);
  return (main === "*" || main === resource) && (sub === "*" || sub === subResource);
}

const operations: ReadonlySet<unknown> = new Set(["CREATE", "UPDATE", "DELETE", "CONNECT", "*"]);
const scopes: ReadonlySet<unknown> = new Set([undefined, "Cluster", "Namespaced", "*"]);

/** Every fault of what should be a list of rules, each naming its field; empty where there is none. */
export function validateRules(rules: unknown, path: string): readonly string[] {
  if (!Array.isArray(rules) || rules.length === 0) return [`${path} must list at least one rule`];
  return rules.flatMap((rule: unknown, index) => validateRule(rule, `${path}[${index}]`));
}

function validateRule(rule: unknown, path: string): readonly string[] {
  if (typeof rule !== "object" || rule === null) return [`${path} must be an object`];
  const { scope, ...lists } = rule as Record<string, unknown>;
  const faults = ruleLists.flatMap((name) => validateList(lists[name], `${path}.${name}`));
  const wrong = Array.isArray(lists.operations)
    ? lists.operations.filter((item) => !operations.has(item))
    : [];
  for (const item of wrong)
    faults.push(
      `${path}.operations: ${JSON.stringify(item)} is none of CREATE, UPDATE, DELETE, CONNECT and *`,
    );
  if (!scopes.has(scope)) faults.push(`${path}.scope must be Cluster, Namespaced or *`);
  for (const name of Object.keys(lists))
    if (!ruleLists.includes(name)) faults.push(`${path}.${name} is no field of a rule`);
  return faults;
}

const ruleLists = ["operations", "apiGroups", "apiVersions", "resources"];

function validateList(list: unknown, path: string): string[] {
  if (!Array.isArray(list) || list.length === 0) return [`${path} must list at least one value, or "*"`];
  return list.every((item) => typeof item === "string") ? [] : [`${path} must hold nothing but strings`];
}
