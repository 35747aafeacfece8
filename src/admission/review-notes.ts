import { isAuditAnnotationKey } from "./audit-annotations.ts";
import type { ResponseDetails } from "./response.ts";

/** What the policies of one review want to have said beside the verdict. */
export interface ReviewNotes {
  warn(message: string): void;
  audit(key: string, value: string): void;
  /** All of it; undefined where nobody said anything. */
  details(): ResponseDetails | undefined;
}

export function createReviewNotes(): ReviewNotes {
  let warnings: string[] | undefined;
  let auditAnnotations: Record<string, string> | undefined;
  return {
    warn(message) {
      warnings ??= [];
      warnings.push(String(message));
    },
    audit(key, value) {
      if (!isAuditAnnotationKey(key))
        throw new TypeError(
          `audit key ${JSON.stringify(key)}: an API server keeps only letters, digits, -, _ and ., at most 63, ` +
            "and no slash, because it puts the webhook's name before it",
        );
      auditAnnotations ??= {};
      auditAnnotations[key] = String(value);
    },
    details() {
      if (warnings === undefined && auditAnnotations === undefined) return undefined;
      return { warnings: warnings ?? [], auditAnnotations: auditAnnotations ?? {} };
    },
  };
}
