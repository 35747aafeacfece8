export interface TokenCacheMessage {
  /** `miss`: it was not remembered, and somebody had to be asked. */
  readonly outcome: "hit" | "miss";
  readonly durationMs: number;
}

/** `blocked`: a caller waits for what is found out, until `unblocked`. */
export type TokenFetchMessage =
  | { readonly event: "started" | "blocked" | "unblocked" }
  /** `ok` also where the token is nobody's. */
  | { readonly event: "ended"; readonly outcome: "ok" | "error" };

export interface ReviewMessage {
  readonly review: "TokenReview" | "SubjectAccessReview";
  /** The API server's address. */
  readonly server: string;
  /** The HTTP status, or `<error>` where there was none. */
  readonly code: string;
  readonly durationMs: number;
}

export interface ClientCertificateMessage {
  /** How long it is valid yet; below 0 it has expired. Nobody has judged it so far. */
  readonly remainingMs: number;
}

export interface KeysMessage {
  readonly issuer: string;
  readonly outcome: "fetched" | "failed";
  readonly keys?: number;
  readonly detail?: string;
}
