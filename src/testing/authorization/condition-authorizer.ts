import type { AccessAttributes, Authorizer } from "../../authorization/authorizer.ts";
import type { RequestAttributes } from "../../authorization/request-attributes.ts";
import type { Authorizer as RbacAuthorizer } from "./rbac-authorizer.ts";

/** This control plane's own RBAC, as match conditions ask it. */
export function conditionAuthorizer(rbac: RbacAuthorizer): Authorizer {
  return {
    authorize(attributes) {
      const { allowed, reason } = rbac.authorize(attributes.user, requestAttributesOf(attributes));
      return { decision: allowed ? "allow" : "noOpinion", reason };
    },
  };
}

function requestAttributesOf({ resource, nonResource }: AccessAttributes): RequestAttributes {
  return {
    isResourceRequest: resource !== undefined,
    path: nonResource?.path ?? "",
    verb: resource?.verb ?? nonResource?.verb ?? "",
    group: resource?.group ?? "",
    version: resource?.version ?? "",
    namespace: resource?.namespace ?? "",
    resource: resource?.resource ?? "",
    subresource: resource?.subresource ?? "",
    name: resource?.name ?? "",
  };
}
