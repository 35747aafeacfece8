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

/** What an API server asks, whole. The three free-form slots hold the objects as its client or its storage has them. */
export interface AdmissionRequest extends AdmissionRequestEnvelope {
  readonly object?: unknown;
  readonly oldObject?: unknown;
  readonly options?: unknown;
}

/** The answer. A patch and its type stand together or not at all, and only in the answer of a mutating webhook. */
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

/** Question and answer have the same shape on the wire: `request` in the one, `response` in the other. */
export interface AdmissionReview {
  readonly apiVersion: AdmissionReviewVersion;
  readonly kind: "AdmissionReview";
  readonly request?: AdmissionRequest;
  readonly response?: AdmissionResponse;
}
