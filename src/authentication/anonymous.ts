import { CountersignError } from "../errors.ts";
import type { Caller, RequestAuthenticator } from "./authenticator.ts";

/** Where nobody may be somebody: kube-apiserver's `AnonymousAuthConfig`. */
export interface AnonymousOptions {
  /** Default true. */
  readonly enabled?: boolean;
  /** Only requests of one of these paths, byte for byte and without a query. Default: all requests. */
  readonly conditions?: readonly AnonymousCondition[];
}

/** Which requests may be nobody's. */
export interface AnonymousCondition {
  /** As `/healthz`; neither prefixes nor patterns. */
  readonly path: string;
}

const nobody: Caller = {
  method: "anonymous",
  user: { username: "system:anonymous", groups: ["system:unauthenticated"], extra: {} },
};

/**
 * Takes whoever asks for `system:anonymous`, where a condition is met if there are any. Ask it last, and only where no
 * credential was refused before (kubernetes/apiserver pkg/authentication/request/anonymous).
 * @returns undefined where anonymous is off.
 * @throws ERR_CONFIGURATION for conditions of what is off, none in their list, and one that no request can meet.
 */
export function createAnonymousAuthenticator(
  options: boolean | AnonymousOptions,
): RequestAuthenticator | undefined {
  const { enabled = true, conditions } = typeof options === "boolean" ? { enabled: options } : options;
  if (conditions !== undefined) assertConditions(enabled, conditions);
  if (!enabled) return undefined;
  const paths = conditions && new Set(conditions.map(({ path }) => path));
  return {
    authenticateRequest: ({ path }) =>
      paths === undefined || (path !== undefined && paths.has(path)) ? nobody : undefined,
  };
}

function assertConditions(enabled: boolean, conditions: readonly AnonymousCondition[]): void {
  if (!enabled) throw fault("enabled should be set to true when conditions are defined");
  if (conditions.length === 0)
    throw fault("conditions: expected at least one; leave them out for every path");
  for (const { path } of conditions)
    if (!/^\/[^?#\s]*$/.test(path))
      throw fault(
        `conditions: ${JSON.stringify(path)}: expected a path that begins with a slash, without a query`,
      );
}

function fault(why: string): CountersignError {
  return new CountersignError("ERR_CONFIGURATION", `anonymous: ${why}`);
}
