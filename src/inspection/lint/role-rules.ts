import { admissionReviewAPIGroups } from "../../apis/authentication.ts";
import { faultIf, type LintRule } from "./lint-rule.ts";
import type { RoleRule, RoleRuleSubject } from "./lint-subjects.ts";

/** Grants of `attest`, which decides who may prove what to webhooks (KEP-6060). */

function covers(list: readonly string[] | undefined, name: string): boolean {
  return (list ?? []).some((item) => item === name || item === "*");
}

function grantsAttest({ verbs, apiGroups, resources }: RoleRule): boolean {
  return (
    covers(verbs, "attest") &&
    covers(apiGroups, "authentication.k8s.io") &&
    covers(resources, admissionReviewAPIGroups)
  );
}

const attestAll: LintRule<RoleRuleSubject> = {
  code: "attest-all-groups",
  severity: "warning",
  check({ kind, rule }) {
    const names = rule.resourceNames ?? [];
    const isUnnamed = names.length === 0;
    return faultIf(
      kind === "ClusterRole" && grantsAttest(rule) && (isUnnamed || names.includes("*")),
      isUnnamed ? [] : ["resourceNames"],
      `grants attest on all API groups${isUnnamed ? ", because no resourceNames are said" : ""}: for "*" the issuer checks ` +
        "neither the webhook's rules nor the audience, so the holder can pose as kube-apiserver to any webhook; grant it to " +
        "kube-apiserver's ServiceAccount alone, and to others their group by resourceNames",
    );
  },
};

const attestInRole: LintRule<RoleRuleSubject> = {
  code: "attest-in-role",
  severity: "error",
  check: ({ kind, rule }) =>
    faultIf(
      kind === "Role" && grantsAttest(rule) && rule.verbs.includes("attest"),
      ["verbs"],
      "attest is asked for at cluster scope, so that a Role grants nothing: make it a ClusterRole with a ClusterRoleBinding",
    ),
};

const misspelt: LintRule<RoleRuleSubject> = {
  code: "attest-misspelt",
  severity: "error",
  check: ({ rule: { resources = [] } }) =>
    resources.flatMap((resource, index) =>
      faultIf(
        resource !== admissionReviewAPIGroups &&
          resource.toLowerCase() === admissionReviewAPIGroups.toLowerCase(),
        ["resources", index],
        `"${resource}" is nothing: the resource is ${admissionReviewAPIGroups}, letter by letter`,
      ),
    ),
};

/** Rules about RBAC. */
export const roleRules: readonly LintRule<RoleRuleSubject>[] = [attestAll, attestInRole, misspelt];
