import { CountersignError } from "../errors.ts";
import type { Policy } from "./policy.ts";
import { validateRules } from "./rules.ts";

/** Where a policy is going to be used. */
export interface PolicyCheckOptions {
  /** Whether the route is a mutating webhook's: only there may a policy change objects. */
  readonly mutating: boolean;
}

/**
 * Every fault of what should be a policy, each naming its field: no `name`, no `match` or one with faulty rules, neither
 * `validate` nor `mutate`, `mutate` where nothing may be changed, a member that is none of a policy's. Empty where
 * there is none.
 */
export function validatePolicy(policy: unknown, options: PolicyCheckOptions): readonly string[] {
  if (typeof policy !== "object" || policy === null || Array.isArray(policy)) return ["it is not an object"];
  const { name, match, validate, mutate, ...others } = policy as Record<string, unknown>;
  const faults: string[] = [];
  if (typeof name !== "string" || name === "") faults.push("name must be a string that is not empty");
  if (match === undefined) faults.push("match is missing: a policy says which requests it judges");
  else faults.push(...validateRules(match, "match"));
  for (const [member, value] of Object.entries({ validate, mutate }))
    if (value !== undefined && typeof value !== "function") faults.push(`${member} must be a function`);
  if (validate === undefined && mutate === undefined) faults.push("it has neither validate nor mutate");
  if (mutate !== undefined && !options.mutating)
    faults.push("mutate is only for routes of a mutating webhook: this one validates");
  for (const member of Object.keys(others)) faults.push(`${member} is no member of a policy`);
  return faults;
}

/**
 * Holds a value to be a policy for such a route.
 * @throws ERR_POLICY_INVALID with every fault there is.
 */
export function assertPolicy(
  value: unknown,
  options: PolicyCheckOptions & { readonly source?: string },
): asserts value is Policy {
  const faults = validatePolicy(value, options);
  if (faults.length === 0) return;
  const source = options.source ?? "the policy";
  throw new CountersignError("ERR_POLICY_INVALID", `${source}: ${faults.join("; ")}`);
}
