import type { FieldPath } from "../../configuration/yaml-document.ts";

/** `error`: it can never work, or the API server refuses it. `warning`: it is dangerous, or hardly meant. */
export type Severity = "error" | "warning" | "info";

/** One thing that was found, and where. The members' order is that of the printed columns. */
export interface Finding {
  readonly severity: Severity;
  /** The rule, in a name that stays. */
  readonly code: string;
  /** `ValidatingWebhookConfiguration/images`; empty for a file as a whole. */
  readonly object: string;
  /** As kubectl writes it, `webhooks[0].clientConfig.url`; empty for the object as a whole. */
  readonly field: string;
  readonly file?: string;
  readonly line?: number;
  /** What is wrong, why, and what to do. */
  readonly message: string;
}

/** Which object something stands in, and where that was read. */
export interface LintOrigin {
  readonly object: string;
  /** Absent for what a cluster has. */
  readonly file?: string;
  /** Undefined where lines mean nothing. */
  readonly lineOf: (path: FieldPath) => number | undefined;
}

/** What a rule has against its subject. */
export interface LintFault {
  /** From the subject on. */
  readonly path: FieldPath;
  readonly message: string;
  /** Where it is another than the rule's. */
  readonly severity?: Severity;
}
