import type { KeyObject } from "node:crypto";
import type { MaybePromise } from "../maybe-promise.ts";
import type { SigningAlgorithm } from "./algorithms.ts";

/** What a key source hands over: who the issuer says it is, and its JWKS document as parsed JSON. */
export interface FetchedKeys {
  readonly issuer: string;
  readonly jwks: unknown;
}

/**
 * Where an issuer's keys come from: a network, a file. It authenticates what it fetches, caps its size, follows no
 * redirect and no `jwks_uri` to another origin; it neither caches nor retries.
 */
export interface KeySource {
  fetchKeys(options: { readonly signal: AbortSignal }): Promise<FetchedKeys>;
}

/** An issuer of tokens and its keys. */
export interface TokenIssuer {
  /** As the configuration calls it. */
  readonly name: string;
  /** The `iss` of its tokens; undefined until the first fetch where it is not configured. */
  issuer(): string | undefined;
  /**
   * The `iss`, fetched where it is not known yet.
   * @throws ERR_ISSUER_UNAVAILABLE where it cannot be had.
   */
  discover(): MaybePromise<string>;
  /**
   * The key of that `kid` for the algorithm; undefined where the issuer has none.
   * @throws ERR_ISSUER_UNAVAILABLE where the keys cannot be had.
   * @throws ERR_TOKEN_ALGORITHM where the key is not one for the algorithm.
   */
  key(kid: string, algorithm: SigningAlgorithm): MaybePromise<KeyObject | undefined>;
  /**
   * Fetches until the first success, with back-off, and resolves then. Rejects only when `signal` aborts. Nothing else
   * needs it: a `key()` without it fetches by itself.
   */
  start(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * Fetches now, or joins a fetch that is under way: for whoever knows that the keys changed, and from time to time, so
   * that a withdrawn key does not live on where nobody calls.
   * @throws ERR_ISSUER_UNAVAILABLE where it fails; the keys held stay.
   */
  refresh(): Promise<void>;
  /** Whether it holds keys that may be used now. */
  ready(): boolean;
  /** Changes whenever a key was withdrawn or the `iss` changed: whatever was verified before is void. */
  generation(): number;
}
