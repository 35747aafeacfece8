import { checkMatchCondition } from "../../cel/cel-expression.ts";
import { faultIf, type LintRule } from "./lint-rule.ts";
import type { WebhookSubject } from "./lint-subjects.ts";

/** `matchConditions`, as an API server stores and evaluates them. */

const maxConditions = 64;

const tooMany: LintRule<WebhookSubject> = {
  code: "match-conditions-too-many",
  severity: "error",
  check: ({ webhook: { matchConditions = [] } }) =>
    faultIf(
      matchConditions.length > maxConditions,
      ["matchConditions"],
      `${matchConditions.length} conditions: an API server stores at most ${maxConditions}; join some by &&`,
    ),
};

// a qualified name: an optional DNS prefix, then up to 63 letters, digits, -, _ and .
const qualifiedName =
  /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

const names: LintRule<WebhookSubject> = {
  code: "match-condition-name",
  severity: "error",
  check({ webhook: { matchConditions = [] } }) {
    const all = matchConditions.map(({ name }) => name);
    return all.flatMap((name, index) => [
      ...faultIf(
        !qualifiedName.test(name),
        ["matchConditions", index, "name"],
        `"${name}" is not a qualified name: write exclude-leases`,
      ),
      ...faultIf(
        all.indexOf(name) < index,
        ["matchConditions", index, "name"],
        `"${name}" is the name of another condition already`,
      ),
    ]);
  },
};

const uncompiled: LintRule<WebhookSubject> = {
  code: "match-condition-invalid",
  severity: "error",
  check: ({ origin, webhook: { matchConditions = [] } }) =>
    matchConditions.flatMap(({ name, expression }, index) => {
      const fault = checkMatchCondition(expression);
      if (fault === undefined) return [];
      const path = ["matchConditions", index, "expression"];
      // an API server has stored it: it may know more of CEL than we do
      if (origin.file === undefined)
        return [
          {
            path,
            severity: "warning" as const,
            message: `"${name}": ${fault}; its API server took it, the SDK and \`call\` count the webhook as failed without calling it`,
          },
        ];
      return [
        {
          path,
          message: `"${name}": ${fault}; whoever calls the webhook counts it as failed without calling it`,
        },
      ];
    }),
};

const namespaceObject: LintRule<WebhookSubject> = {
  code: "match-condition-namespace-object",
  severity: "warning",
  check: ({ webhook: { matchConditions = [] } }) =>
    matchConditions.flatMap(({ name, expression }, index) =>
      faultIf(
        /\bnamespaceObject\s*[.[?]/.test(expression),
        ["matchConditions", index, "expression"],
        `"${name}": namespaceObject is always null for webhooks, so that the condition fails when it is evaluated; use ` +
          "namespaceSelector",
      ),
    ),
};

/** Rules about `matchConditions`. */
export const conditionRules: readonly LintRule<WebhookSubject>[] = [
  tooMany,
  names,
  uncompiled,
  namespaceObject,
];
