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
  /** For `Warning` headers, as many and as long as an API server sends: each once, 4096 characters in all. */
  readonly warnings: readonly string[];
  /** For an audit event of level Metadata or above. */
  readonly auditAnnotations: Readonly<Record<string, string>>;
  /** For one of level Request or above as well: what webhooks patched. */
  readonly requestAuditAnnotations: Readonly<Record<string, string>>;
}
