import { AnswerStatusError } from "../apis/answer-status.ts";
import type { UserInfo } from "../apis/authentication.ts";

const nodeUserPrefix = "system:node:";
const nodesGroup = "system:nodes";

/**
 * A kubelet's own identity, `system:node:NAME` of group `system:nodes`, reaches no kubelet but its own, whatever it has
 * been granted: a node that was taken over opens no other. Who has only the name's beginning or only the group is taken
 * for a node, too. Everybody else passes.
 * @throws AnswerStatusError: ERR_ACCESS_DENIED (403).
 */
export function assertNodeScope(user: UserInfo, nodeName: string): void {
  const { username } = user;
  if (!isNodeIdentity(user) || username === `${nodeUserPrefix}${nodeName}`) return;
  throw new AnswerStatusError("ERR_ACCESS_DENIED", {
    code: 403,
    reason: "Forbidden",
    message: `nodes ${JSON.stringify(nodeName)} is forbidden: User ${JSON.stringify(username)} is a node and reaches its own kubelet only`,
    details: { name: nodeName, kind: "nodes" },
  });
}

/** Whether somebody is a kubelet, or has one of the two by which a kubelet is known. */
export function isNodeIdentity({ username, groups = [] }: UserInfo): boolean {
  return username.startsWith(nodeUserPrefix) || groups.includes(nodesGroup);
}
