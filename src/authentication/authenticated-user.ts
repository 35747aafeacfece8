import type { UserInfo } from "../apis/authentication.ts";

const everybody = "system:authenticated";

/**
 * The user as one of everybody who is known, unless whoever said who it is has said that already, or the contrary
 * (kubernetes/apiserver pkg/authentication/group, AuthenticatedGroupAdder).
 */
export function authenticatedUser(user: UserInfo): UserInfo {
  const { username, groups = [] } = user;
  const told = groups.includes(everybody) || groups.includes("system:unauthenticated");
  return told || username === "system:anonymous" ? user : { ...user, groups: [...groups, everybody] };
}
