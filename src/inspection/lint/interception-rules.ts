import { validateRules } from "../../admission/rules.ts";
import type { RuleWithOperations } from "../../apis/admissionregistration.ts";
import { isEmptySelector } from "../../webhook/matching/label-selector.ts";
import { interceptsTokenRequests } from "../../webhook/matching/webhook-matcher.ts";
import { faultIf, type LintRule } from "./lint-rule.ts";
import type { WebhookSubject } from "./lint-subjects.ts";
import { excludedTokenRequests, tokenRequestCondition } from "./token-request-condition.ts";

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
    const fails = webhook.failurePolicy !== "Ignore";
    // a selector or a condition may leave out the one ServiceAccount that counts, which cannot be seen here
    const isCertain =
      fails && use !== undefined && excluded === "none" && isEmptySelector(webhook.namespaceSelector);
    const loop =
      use === undefined
        ? "once tokens are used to call it, the request for its own token waits for itself"
        : `it is called with a token (${use.by}), and the request for that token is one that it reviews: with none held ` +
          (fails
            ? "no token can be had any more"
            : "the request goes through only because of Ignore, unreviewed");
    return [
      {
        path: ["rules"],
        message: `the rules match CREATE of serviceaccounts/token: ${loop}; add the matchCondition \`${tokenRequestCondition}\`, or narrow the rules`,
        ...(isCertain ? { severity: "error" as const } : {}),
      },
    ];
  },
};

/** Rules about `rules`. */
export const interceptionRules: readonly LintRule<WebhookSubject>[] = [
  invalidRules,
  noRules,
  everything,
  tokenRequests,
];
