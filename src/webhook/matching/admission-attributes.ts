import type { JSONValue } from "../../admission/json-value.ts";
import type { RuleAttributes } from "../../admission/rules.ts";
import type { UserInfo } from "../../apis/authentication.ts";
import type { GroupVersionKind } from "../../apis/meta.ts";

/** One request to an API server, as admission sees it. */
export interface AdmissionAttributes extends RuleAttributes {
  readonly kind: GroupVersionKind;
  /** Empty where the server has not given one yet (`generateName`). */
  readonly name?: string;
  readonly userInfo: UserInfo;
  readonly dryRun?: boolean;
  /** Absent on DELETE. */
  readonly object?: JSONValue;
  /** Absent on CREATE and CONNECT. */
  readonly oldObject?: JSONValue;
  readonly options?: JSONValue;
}

/** What is dispatched beside the request itself. */
export interface DispatchOptions {
  readonly signal?: AbortSignal;
  /** Epoch ms at which the request under review ends. Default: never. */
  readonly deadlineAt?: number;
  /** Told in the end, whatever the end: a denial has warnings, too. */
  readonly onNotes?: (notes: DispatchNotes) => void;
}

/** What webhooks leave behind besides a verdict. */
export interface DispatchNotes {
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}
