export interface PodLogsMessage {
  readonly namespace: string;
  readonly pod: string;
  /** kube-apiserver's label; `skip_tls_denied`: the flag was refused by configuration or authorizer. */
  readonly usage: "enforce_tls" | "skip_tls_allowed" | "skip_tls_denied";
}

export interface PodLogsTLSFailureMessage {
  readonly node: string;
  readonly detail: string;
}

export interface KubeletCertificateMessage {
  readonly node: string;
  readonly status: "success" | "failure";
  /** Whether a failure ends the connection. */
  readonly enforced: boolean;
  readonly detail?: string;
}

export interface KubeletMessage {
  readonly node: string;
  readonly transport: "verified" | "insecure";
  readonly outcome: "answered" | "failed";
  /** The HTTP status, where there was an answer. */
  readonly status?: number;
  readonly code?: string;
  readonly detail?: string;
  /** Until the head of the answer. */
  readonly durationMs: number;
}
