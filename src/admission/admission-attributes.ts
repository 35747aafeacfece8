import type { UserInfo } from "../apis/authentication.ts";
import type { GroupVersionKind, GroupVersionResource } from "../apis/meta.ts";
import type { JSONValue } from "./json-value.ts";
import type { RuleAttributes } from "./rules.ts";

/** One request to an API server, as admission sees it. */
export interface AdmissionAttributes extends RuleAttributes {
  readonly kind: GroupVersionKind;
  /** What was requested, where a webhook is shown it as another `kind` and `resource`. Default: those. */
  readonly requestKind?: GroupVersionKind;
  readonly requestResource?: GroupVersionResource;
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
