import type { LintFault, Severity } from "./finding.ts";
import type { LintContext } from "./lint-context.ts";
import type { LintSubject } from "./lint-subjects.ts";

/** One rule, as data. */
export interface LintRule<Subject extends LintSubject> {
  /** A kebab-case name that stays: scripts filter by it. */
  readonly code: string;
  readonly severity: Severity;
  check(subject: Subject, context: LintContext): readonly LintFault[];
}

/** A fault where it is one, for a rule that can find only one. */
export function faultIf(isFault: boolean, path: LintFault["path"], message: string): readonly LintFault[] {
  return isFault ? [{ path, message }] : [];
}
