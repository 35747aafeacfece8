import { AnswerStatusError } from "../../apis/answer-status.ts";
import type { Impersonation } from "../../authorization/impersonation.ts";
import { isNodeIdentity } from "../../kubelet/node-scope.ts";

/** The same, but for nodes, which impersonate nobody: as somebody else they would reach other nodes' kubelets. */
export function withoutNodes(impersonation: Impersonation): Impersonation {
  return {
    async impersonate(user, rawHeaders, options) {
      const impersonated = await impersonation.impersonate(user, rawHeaders, options);
      if (impersonated === user || !isNodeIdentity(user)) return impersonated;
      throw new AnswerStatusError("ERR_IMPERSONATION", {
        code: 403,
        reason: "Forbidden",
        message: `impersonation: User ${JSON.stringify(user.username)} is a node and reaches its own kubelet only, as nobody else`,
        details: {},
      });
    },
  };
}
