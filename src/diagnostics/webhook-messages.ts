export interface WebhookMessage {
  readonly webhook: string;
  readonly configuration: string;
  readonly operation: string;
  readonly type: "validating" | "admit";
  /** 200, the webhook's denial or HTTP status, 503 where there was none, 0 where it was no fault of the webhook's. */
  readonly code: number;
  /** Whether the request fails because of it. */
  readonly rejected: boolean;
  /** Whose fault that is; absent where it does not fail, or whoever asked gave up. */
  readonly errorType?: WebhookErrorType;
  /** It failed, and its failurePolicy is `Ignore`. */
  readonly failedOpen: boolean;
  /** What failed. */
  readonly detail?: string;
  readonly durationMs: number;
}

/** kube-apiserver's label: the webhook denied, it failed, or what it answered cannot be used. */
export type WebhookErrorType = "no_error" | "calling_webhook_error" | "apiserver_internal_error";

export interface MatchConditionsMessage {
  readonly webhook: string;
  readonly kind: "webhook";
  readonly type: "validating" | "admit";
  readonly operation: string;
  readonly outcome: "matches" | "excluded" | "failed";
  /** How many conditions could not be evaluated: also beside one that is false. */
  readonly errors: number;
  readonly durationMs: number;
}

export interface ExclusionMessage {
  readonly webhook: string;
  readonly type: "validating" | "admit";
  readonly operation: string;
}

export interface DispatchMessage {
  /** The admission plugin that does this in kube-apiserver. */
  readonly plugin: "ValidatingAdmissionWebhook" | "MutatingAdmissionWebhook";
  readonly operation: string;
  readonly rejected: boolean;
  readonly durationMs: number;
}

export interface AnnotationMessage {
  readonly webhook: string;
  readonly key: string;
  /** Its key is no qualified name, or there is another value under it. */
  readonly problem: "notQualified" | "conflicting";
}

export interface TokenMessage {
  readonly serviceAccount: string;
  readonly audience: string;
  readonly apiGroup?: string;
  readonly outcome: "minted" | "failed";
  readonly code?: string;
  readonly detail?: string;
  readonly durationMs: number;
}

export interface TokenLookupMessage {
  /** `miss`: it had to be asked for, or the call went without. */
  readonly outcome: "hit" | "miss";
}

export interface CertificateMessage {
  /** `host:port`, as the webhook is called. */
  readonly host: string;
  /** As kube-apiserver counts them: `apiserver_webhooks_x509_missing_san_total`, `…_insecure_sha1_total`. */
  readonly problem: "missingSAN" | "insecureSHA1";
}
