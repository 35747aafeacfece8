import type { Authorizer } from "./authorizer.ts";

/** Allows whoever is in one of these groups everything, and has no opinion on others. */
export function createPrivilegedGroupsAuthorizer(groups: readonly string[]): Authorizer {
  return {
    authorize: ({ user }) =>
      (user.groups ?? []).some((group) => groups.includes(group))
        ? { decision: "allow", reason: "" }
        : { decision: "noOpinion", reason: "" },
  };
}
