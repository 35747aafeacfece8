import { AnswerStatusError } from "../../../apis/answer-status.ts";
import type { RequestInfo } from "../../../authorization/request-attributes.ts";
import type { APIMiddleware } from "../../api/api-state.ts";

const connections: readonly string[] = ["exec", "attach", "portforward"];

/** Says of what kubectl opens a connection for that it is not served here, before anything is said of the connection. */
export const refusePodConnections: APIMiddleware = async ({ state: { info } }, next) => {
  if (!isPodConnection(info)) return next();
  throw new AnswerStatusError("ERR_NOT_SERVED", {
    code: 404,
    reason: "NotFound",
    message: `pods/${info.subresource} is not served by this gateway: use the API server`,
    details: {},
  });
};

function isPodConnection({ isResourceRequest, group, resource, subresource }: RequestInfo): boolean {
  return isResourceRequest && group === "" && resource === "pods" && connections.includes(subresource);
}
