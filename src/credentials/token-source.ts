import type { Secret } from "../secret.ts";

/** A bearer token and its life on our clock. */
export interface Token {
  readonly token: Secret;
  /** Epoch milliseconds. From then on the token is never handed out. */
  readonly expiresAt: number;
  /** Epoch milliseconds at which it was asked for. */
  readonly requestedAt: number;
}

/** Hands out a token, or throws: there is no empty token. */
export interface TokenSource {
  token(options?: { readonly signal?: AbortSignal }): Promise<Token>;
}
