/** What ties the messages and spans of one request together. */
export interface RequestIdentity {
  /** Ours, made up for this request. */
  readonly requestId?: string;
  /** The review's uid: an API server makes one up for each call. */
  readonly uid?: string;
  /** The `Audit-ID` that the caller sent along; kube-apiserver sends none to webhooks. */
  readonly auditId?: string;
  /** The caller's trace, its span, and whether it is recorded, by its `traceparent`. */
  readonly traceId?: string;
  readonly parentId?: string;
  readonly sampled?: boolean;
}

export interface RequestMessage extends RequestIdentity {
  readonly path: string;
  readonly mode: "off" | "observe" | "enforce";
  readonly operation?: string;
  readonly resource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** Who called the webhook. */
  readonly caller?: string;
  readonly method?: string;
  /** Who made the request that is being reviewed. */
  readonly user?: string;
  readonly allowed: boolean;
  readonly code: number;
  /** The error code, where a refusal came before any policy. */
  readonly refusal?: string;
  readonly durationMs: number;
}

export interface APIRequestMessage extends Omit<RequestIdentity, "uid"> {
  readonly httpMethod: string;
  /** Without its query, cut at 256 characters. */
  readonly path: string;
  /** As an API server reads the request; these are absent where it was refused before, and empty for a path that is no resource. */
  readonly verb?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** What gave leave where it is another permission than these name: `nodes/metrics` for a path at a kubelet. */
  readonly permission?: string;
  /** Whose connection and credential it is. */
  readonly caller?: string;
  /** How the caller proved it. */
  readonly method?: string;
  /** As whom the request is made: the caller, or whom it impersonates. */
  readonly user?: string;
  /** The node that was reached for it. */
  readonly node?: string;
  /** Of the answer; 499 where the client went away before there was one. */
  readonly code: number;
  /** The answer ended before its end: the client went away, or what it came from broke off. */
  readonly cut: boolean;
  /** The error code, where there was no better answer. */
  readonly refusal?: string;
  /** For the log, never for the caller. */
  readonly detail?: string;
  /** The address the request came from. */
  readonly peer?: string;
  readonly durationMs: number;
}

export interface RefusalMessage extends RequestIdentity {
  readonly path: string;
  /** `wouldRefuse` in observe mode. */
  readonly outcome: "refused" | "wouldRefuse";
  readonly mode: "off" | "observe" | "enforce";
  readonly code: string;
  /** For the log, never for the caller. */
  readonly detail: string;
  /** Who called the webhook, where that is known: refused for what was shown, not for who showed it. */
  readonly caller?: string;
  /** The address the request came from. */
  readonly peer?: string;
}

export interface PolicyMessage {
  readonly path: string;
  readonly policy: string;
  /** The review's. */
  readonly uid?: string;
  readonly outcome: "allowed" | "denied" | "failed" | "unmatched";
  readonly code?: string;
  readonly detail?: string;
  readonly durationMs: number;
}
