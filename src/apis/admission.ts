import type { Operation } from "./admissionregistration.ts";
import type { UserInfo } from "./authentication.ts";
import type { GroupVersionKind, GroupVersionResource, Status } from "./meta.ts";

/** `admission.k8s.io`, versions v1 and v1beta1: what an API server asks a webhook, and the answer. */

export type AdmissionReviewVersion = "admission.k8s.io/v1" | "admission.k8s.io/v1beta1";

/** What decides: everything of `request` but the three free-form slots. */
export interface AdmissionRequestEnvelope {
  readonly uid: string;
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  readonly subResource?: string;
  readonly requestKind?: GroupVersionKind;
  readonly requestResource?: GroupVersionResource;
  readonly requestSubResource?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly operation: Operation;
  readonly userInfo: UserInfo;
  readonly dryRun?: boolean;
}

export interface AdmissionRequest extends AdmissionRequestEnvelope {
  readonly object?: unknown;
  readonly oldObject?: unknown;
  readonly options?: unknown;
}

export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: Status;
  /** base64 of an RFC 6902 array. */
  readonly patch?: string;
  readonly patchType?: "JSONPatch";
  readonly auditAnnotations?: Readonly<Record<string, string>>;
  readonly warnings?: readonly string[];
}

export interface AdmissionReview {
  readonly apiVersion: AdmissionReviewVersion;
  readonly kind: "AdmissionReview";
  readonly request?: AdmissionRequest;
  readonly response?: AdmissionResponse;
}
