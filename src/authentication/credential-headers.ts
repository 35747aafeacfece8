import type { RequestHeaderConfiguration } from "./request-header.ts";
import { withoutTokenProtocols } from "./websocket-bearer.ts";

/** A front proxy's, by default names, whatever names are configured (kubernetes/kubernetes#119631). */
const standardHeaders = new Set(["authorization", "x-remote-user", "x-remote-uid", "x-remote-group"]);
const standardPrefixes = ["x-remote-extra-", "impersonate-"];

/**
 * The headers without those that say who the caller is or wants to be: `Authorization`, a token among WebSocket
 * subprotocols, a front proxy's standard ones, the configured ones, and `Impersonate-*`. What comes behind authentication
 * sees these, whoever answered: nothing that was not verified, nothing to replay.
 */
export function withoutCredentialHeaders(
  rawHeaders: readonly string[],
  configuration: RequestHeaderConfiguration | undefined,
): readonly string[] {
  const { usernameHeaders = [], uidHeaders = [], groupHeaders = [] } = configuration ?? {};
  const named = new Set([...usernameHeaders, ...uidHeaders, ...groupHeaders].map(lowerCase));
  const prefixes = [...standardPrefixes, ...(configuration?.extraHeaderPrefixes ?? []).map(lowerCase)];
  const kept: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = lowerCase(rawHeaders[index]!);
    const speaks =
      standardHeaders.has(name) || named.has(name) || prefixes.some((prefix) => name.startsWith(prefix));
    if (!speaks) kept.push(rawHeaders[index]!, rawHeaders[index + 1]!);
  }
  return withoutTokenProtocols(kept);
}

function lowerCase(text: string): string {
  return text.toLowerCase();
}
