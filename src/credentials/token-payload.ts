import type { Secret } from "../secret.ts";

/**
 * The claims of a JWT without looking at its signature: to see that what was handed out is what was asked for, and
 * when it ends. Never to decide who somebody is. Undefined where it is no JWT.
 */
export function readTokenPayload(token: Secret): Readonly<Record<string, unknown>> | undefined {
  const [, payload, signature, ...rest] = token.reveal().split(".");
  if (payload === undefined || signature === undefined || rest.length > 0) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null && !Array.isArray(claims)
      ? (claims as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** When a token says it ends, in epoch milliseconds. */
export function expiryOf(token: Secret): number | undefined {
  const exp = readTokenPayload(token)?.exp;
  return typeof exp === "number" ? exp * 1000 : undefined;
}
