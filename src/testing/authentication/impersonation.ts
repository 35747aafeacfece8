import type { AccessAttributes } from "../../authorization/authorizer.ts";
import { createImpersonation, type Impersonation } from "../../authorization/impersonation.ts";
import type { Authorizer } from "../authorization/rbac-authorizer.ts";

/** As whom requests are made, by the `Impersonate-*` headers that this authorizer's grants allow. */
export function createGrantedImpersonation(authorizer: Authorizer): Impersonation {
  return createImpersonation({
    authorizer: {
      authorize({ user, resource }: AccessAttributes) {
        const { allowed, reason } = authorizer.authorize(user, { ...nothing, ...resource });
        return { decision: allowed ? "allow" : "noOpinion", reason };
      },
    },
  });
}

const nothing = {
  ...{ isResourceRequest: true, path: "", verb: "", group: "", version: "" },
  ...{ namespace: "", resource: "", subresource: "", name: "" },
};
