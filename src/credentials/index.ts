/** What we present to webhooks: tokens asked for, kept and replaced before they expire. */
export {
  type CachedTokenSource,
  type CachedTokenSourceOptions,
  createCachedTokenSource,
  type ResettableTokenSource,
} from "./cached-token-source.ts";
export { createExecTokenSource, type ExecTokenSourceOptions } from "./exec-token-source.ts";
export { createFileTokenSource, type FileTokenSourceOptions } from "./file-token-source.ts";
export {
  type ConfigurationState,
  createTokenCache,
  type TokenCache,
  type TokenCacheOptions,
} from "./token-cache.ts";
export type { AttestedTokenIntent, AudienceTokenIntent, TokenIntent } from "./token-request.ts";
export {
  createTokenRequestSource,
  type TokenRequestClient,
  type TokenRequestSourceOptions,
} from "./token-request-source.ts";
export type { Token, TokenSource } from "./token-source.ts";
