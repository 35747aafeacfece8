import type { Operation } from "../../apis/admissionregistration.ts";
import type { UserInfo } from "../../apis/authentication.ts";
import type { GroupVersionKind, GroupVersionResource } from "../../apis/meta.ts";
import type { ApiObject, JsonObject } from "../objects/api-object.ts";

/** What admission is told of a request. */
export interface AdmissionAttributes {
  readonly operation: Operation;
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  readonly subResource: string;
  readonly name: string;
  readonly namespace: string;
  /** Absent on DELETE. */
  readonly object?: ApiObject;
  /** Absent on CREATE. */
  readonly oldObject?: ApiObject;
  readonly options: JsonObject;
  readonly dryRun: boolean;
  readonly userInfo: UserInfo;
  warn(message: string): void;
}

/** Admission in its two phases; either throws the refusal that the client is answered with. */
export interface AdmissionChain {
  /** The object as the mutating phase leaves it; what came where there is none. */
  mutate(attributes: AdmissionAttributes): Promise<ApiObject | undefined>;
  validate(attributes: AdmissionAttributes): Promise<void>;
}
