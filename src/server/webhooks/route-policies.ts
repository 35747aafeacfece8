import type { Policy } from "../../admission/policy.ts";
import type { WebhookRouteConfiguration } from "../../configuration/server-configuration.ts";
import { CountersignError } from "../../errors.ts";

/** The policies of one route, reloaded when their file changes. */
export interface RoutePolicies {
  readonly current: () => readonly Policy[];
  close(): void;
}

/**
 * Loads what a route's `policy` names.
 * @throws ERR_POLICY_INVALID naming file and line.
 */
export async function loadRoutePolicies({ type, policy }: WebhookRouteConfiguration): Promise<RoutePolicies> {
  const { file, builtIn, parameters } = policy;
  if (builtIn !== undefined) {
    const { createBuiltInPolicy } = await import("../../policies/built-in/built-in-policies.ts");
    const policies = [createBuiltInPolicy(builtIn, parameters)];
    return { current: () => policies, close: () => undefined };
  }
  // the configuration names one of the two
  if (file === undefined) throw new CountersignError("ERR_INTERNAL", "a route without a policy");
  const { watchPolicy } = await import("../../policies/watch-policy.ts");
  const watched = await watchPolicy({ file, mutating: type === "mutating" });
  return { current: () => watched.policies, close: watched.close };
}
