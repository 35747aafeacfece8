import { validateRules } from "../../admission/rules.ts";
import type { RuleWithOperations } from "../../apis/admissionregistration.ts";
import { excludedTokenRequests } from "../../webhook/endpoints/token-request-exclusion.ts";
import { curingExpression } from "../../webhook/endpoints/token-request-interceptor.ts";
import { isEmptySelector } from "../../webhook/matching/label-selector.ts";
import { interceptsTokenRequests } from "../../webhook/matching/webhook-matcher.ts";
import type { LintContext } from "./lint-context.ts";
import { faultIf, type LintRule } from "./lint-rule.ts";
import type { WebhookSubject } from "./lint-subjects.ts";
import { reachedRoute } from "./reached-route.ts";

/** What a webhook's rules catch that they had better not. */

const invalidRules: LintRule<WebhookSubject> = {
  code: "rules-invalid",
  severity: "error",
  check({ webhook: { rules } }) {
    if (rules === undefined || rules.length === 0) return [];
    const crowded = rules.flatMap((rule, index) =>
      (["operations", "apiGroups", "apiVersions"] as const)
        .filter((list) => rule[list]?.length > 1 && (rule[list] as readonly string[]).includes("*"))
        .map((list) => ({
          path: ["rules", index, list],
          message: 'holds "*" and others: an API server wants "*" alone',
        })),
    );
    return [...validateRules(rules, "rules").map((message) => ({ path: ["rules"], message })), ...crowded];
  },
};

const noRules: LintRule<WebhookSubject> = {
  code: "rules-missing",
  severity: "warning",
  check: ({ webhook: { rules = [] } }) =>
    faultIf(rules.length === 0, ["rules"], "without rules the webhook is never called"),
};

const everything: LintRule<WebhookSubject> = {
  code: "rules-match-everything",
  severity: "warning",
  check: ({ webhook: { rules = [], failurePolicy } }) =>
    faultIf(
      rules.length > 0 && rules.every(matchesEverything),
      ["rules"],
      "the rules match every resource of every group: " +
        (failurePolicy === "Ignore"
          ? "each write waits for this webhook"
          : "while this webhook is away nothing can be written, leases and the webhook's own Pods included") +
        "; name the groups and resources that it judges",
    ),
};

function matchesEverything({ apiGroups, resources }: RuleWithOperations): boolean {
  return apiGroups.includes("*") && resources.some((resource) => resource === "*" || resource === "*/*");
}

const tokenRequests: LintRule<WebhookSubject> = {
  code: "intercepts-token-requests",
  severity: "warning",
  check(subject, context) {
    const { kind, webhook } = subject;
    const excluded = interceptsTokenRequests(webhook) ? excludedTokenRequests(kind, webhook) : "all";
    if (excluded === "all") return [];
    const [use] = context.tokenUsesOf(subject);
    const isRefused = refusesRequests(subject, context);
    // kubeconfigs that give it nothing say that it is called without a token; that there are none says nothing
    const isUsed = use !== undefined || isRefused || context.kubeconfigs.length === 0;
    // a selector or a condition may leave out the one ServiceAccount that counts, which cannot be seen here
    const isCertain = excluded === "none" && isEmptySelector(webhook.namespaceSelector);
    const isFatal = isCertain && isUsed && (isRefused || webhook.failurePolicy !== "Ignore");
    const by = use === undefined ? "" : ` (${use.by})`;
    const message =
      `the rules match CREATE of serviceaccounts/token: called with a token${by}, it reviews the request for that very token, and ` +
      (isRefused || webhook.failurePolicy !== "Ignore"
        ? "with none held no token can be had any more"
        : "with none held Ignore lets the request through unreviewed only where the webhook does not answer") +
      `; add the matchCondition \`${curingExpression}\`, or narrow the rules`;
    return [{ path: ["rules"], message, ...(isFatal ? { severity: "error" as const } : {}) }];
  },
};

/** Whether it refuses whoever shows no token, by an answer that no failurePolicy softens: that of `serve`. */
function refusesRequests(subject: WebhookSubject, context: LintContext): boolean {
  const authentication = reachedRoute(subject, context)?.route.authentication;
  return authentication?.mode === "enforce" && authentication.clientCertificates === undefined;
}

/** Rules about `rules`. */
export const interceptionRules: readonly LintRule<WebhookSubject>[] = [
  invalidRules,
  noRules,
  everything,
  tokenRequests,
];
