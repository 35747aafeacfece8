export interface SelfSignedMessage {
  /** `NAMESPACE/NAME` of the Secret that keeps them. */
  readonly secret: string;
  /**
   * `changed`: a step was taken, in the Secret. `exchanged`: another certificate is served. `published`: a webhook
   * configuration's caBundle was written. `checked`: all is as it has to be.
   */
  readonly outcome: "changed" | "exchanged" | "published" | "checked" | "failed";
  readonly action?: SelfSignedAction;
  /** `Kind/name`. */
  readonly configuration?: string;
  readonly code?: string;
  readonly detail?: string;
}

/** `recover`: something was damaged or not valid at all, and was made anew at once. */
export type SelfSignedAction =
  | "create"
  | "recover"
  | "restore"
  | "trust"
  | "sign"
  | "announce"
  | "notePublished"
  | "promote"
  | "retire";

export interface TracesMessage {
  readonly outcome: "exported" | "failed";
  readonly spans: number;
  readonly detail?: string;
}

export interface RuntimeMessage {
  readonly problem: "wrongKeys";
  readonly detail: string;
}
