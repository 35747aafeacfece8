import { formatFieldPath } from "../../configuration/faults.ts";
import { addressRules } from "./address-rules.ts";
import { admissionRules, pluginRules } from "./admission-configuration-rules.ts";
import { agentRules } from "./agent-rules.ts";
import { behaviourRules } from "./behaviour-rules.ts";
import { conditionRules } from "./condition-rules.ts";
import { endpointRules } from "./endpoint-rules.ts";
import { execRules } from "./exec-rules.ts";
import type { Finding, LintFault, LintOrigin, Severity } from "./finding.ts";
import { gatewayRules } from "./gateway-rules.ts";
import { interceptionRules } from "./interception-rules.ts";
import { createLintContext, type LintContext } from "./lint-context.ts";
import type { LintRule } from "./lint-rule.ts";
import type { LintInputs, LintSubject } from "./lint-subjects.ts";
import { reachedRouteRules } from "./reached-route-rules.ts";
import { roleRules } from "./role-rules.ts";
import { routeRules } from "./route-rules.ts";
import { configurationRules, sourceRules } from "./source-rules.ts";
import { userCredentialRules } from "./user-credential-rules.ts";
import { userNameRules } from "./user-name-rules.ts";

/** Every rule, by what it looks at. */
export const lintRules = {
  configuration: configurationRules,
  webhook: [
    ...addressRules,
    ...interceptionRules,
    ...behaviourRules,
    ...conditionRules,
    ...sourceRules,
    ...endpointRules,
    ...reachedRouteRules,
  ],
  user: [...userNameRules, ...userCredentialRules, ...execRules],
  route: routeRules,
  agent: agentRules,
  gateway: gatewayRules,
  admission: admissionRules,
  plugin: pluginRules,
  roleRule: roleRules,
} as const;

/** All that can never work and all that is dangerous in what is given, the worst first. Asks nobody, reads nothing. */
export function lint(inputs: LintInputs): readonly Finding[] {
  const context = createLintContext(inputs);
  const { configurations, kubeconfigs, admissions, plugins, roleRules: roles } = inputs;
  const found = [
    ...apply(lintRules.configuration, configurations, context),
    ...apply(lintRules.webhook, context.webhooks, context),
    ...apply(
      lintRules.user,
      kubeconfigs.flatMap(({ users }) => users),
      context,
    ),
    ...apply(lintRules.route, context.routes, context),
    ...apply(lintRules.agent, inputs.agents, context),
    ...apply(lintRules.gateway, inputs.gateways, context),
    ...apply(lintRules.admission, admissions, context),
    ...apply(
      lintRules.plugin,
      [...plugins, ...admissions.flatMap((admission) => admission.plugins)],
      context,
    ),
    ...apply(lintRules.roleRule, roles, context),
  ];
  return sortFindings(found);
}

const ranks: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/** The worst first; otherwise as they came. */
export function sortFindings(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((left, right) => ranks[left.severity] - ranks[right.severity]);
}

function apply<Subject extends LintSubject>(
  rules: readonly LintRule<Subject>[],
  subjects: readonly Subject[],
  context: LintContext,
): readonly Finding[] {
  return subjects.flatMap((subject) =>
    rules.flatMap((rule) =>
      rule
        .check(subject, context)
        .map((fault) =>
          createFinding(rule, subject.origin, { ...fault, path: [...subject.path, ...fault.path] }),
        ),
    ),
  );
}

/** A fault with all that says where it is. */
export function createFinding(
  { code, severity }: Pick<LintRule<LintSubject>, "code" | "severity">,
  { object, file, lineOf }: LintOrigin,
  fault: LintFault,
): Finding {
  const line = lineOf(fault.path);
  return {
    severity: fault.severity ?? severity,
    code,
    object,
    field: formatFieldPath(fault.path),
    ...(file === undefined ? {} : { file }),
    ...(line === undefined ? {} : { line }),
    message: fault.message,
  };
}
