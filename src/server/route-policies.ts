import type { Policy } from "../admission/policy.ts";
import type { WebhookRouteConfiguration } from "../configuration/server-configuration.ts";
import { CountersignError } from "../errors.ts";

/** The policies of one route, reloaded when their file changes. */
export interface RoutePolicies {
  readonly current: () => readonly Policy[];
  close(): void;
}

/**
 * Loads what a route's `policy` names.
 * @throws ERR_POLICY_INVALID naming file and line; ERR_CONFIGURATION for a built-in there is none of.
 */
export async function loadRoutePolicies({
  path,
  type,
  policy,
}: WebhookRouteConfiguration): Promise<RoutePolicies> {
  if (policy.file === undefined)
    throw new CountersignError(
      "ERR_CONFIGURATION",
      `${path}: policy.builtIn: there is no policy "${policy.builtIn}"`,
    );
  const { watchPolicy } = await import("../policies/watch-policy.ts");
  const watched = await watchPolicy({ file: policy.file, mutating: type === "mutating" });
  return { current: () => watched.policies, close: watched.close };
}
