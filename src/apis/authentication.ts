import type { ObjectMeta, TypeMeta } from "./meta.ts";

/** `authentication.k8s.io/v1` as of 1.37, with KEP-6060's attestations, which released clients drop. */

/** Who somebody is, as an API server says it. */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** The one attestation key there is; also the RBAC resource of the verb `attest`, letter by letter. */
export const admissionReviewAPIGroups = "admissionReviewAPIGroups";

export interface BoundObjectReference {
  readonly kind: string;
  readonly apiVersion: string;
  readonly name: string;
  readonly uid?: string;
}

export interface TokenRequestSpec {
  readonly audiences: readonly string[];
  readonly expirationSeconds?: number;
  readonly boundObjectRef?: BoundObjectReference;
  readonly attestations?: Readonly<Record<string, readonly string[]>>;
}

export interface TokenRequestStatus {
  readonly token: string;
  readonly expirationTimestamp: string;
}

export interface TokenRequest extends TypeMeta {
  readonly metadata?: ObjectMeta;
  readonly spec: TokenRequestSpec;
  readonly status?: TokenRequestStatus;
}

export interface TokenReviewSpec {
  readonly token: string;
  readonly audiences?: readonly string[];
}

export interface TokenReviewStatus {
  readonly authenticated?: boolean;
  readonly user?: UserInfo;
  readonly audiences?: readonly string[];
  readonly error?: string;
}

export interface TokenReview extends TypeMeta {
  readonly metadata?: ObjectMeta;
  readonly spec: TokenReviewSpec;
  readonly status?: TokenReviewStatus;
}

/** What of {@link UserInfo} there is: API servers leave out what is empty, the name included. */
export type UserAttributes = Partial<UserInfo>;

/**
 * Who am I: `authentication.k8s.io` SelfSubjectReview, and KEP-3325's SelfSubjectAttributesReview, whose proposal has the
 * attributes under `status.userInfo` in its type and directly under `status` in its example.
 */
export interface SelfSubjectReview extends TypeMeta {
  readonly metadata?: ObjectMeta;
  readonly status?: {
    readonly userInfo?: UserAttributes;
    /** The user's name; this and the following of SelfSubjectAttributesReview only. */
    readonly name?: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
}

/** A ServiceAccount, as configurations and claims name it. */
export interface ServiceAccountReference {
  readonly namespace: string;
  readonly name: string;
}

/** `system:serviceaccount:NAMESPACE:NAME`, the user name an API server gives a ServiceAccount. */
export function serviceAccountUsername(account: ServiceAccountReference): string {
  return `system:serviceaccount:${account.namespace}:${account.name}`;
}
