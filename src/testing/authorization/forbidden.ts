import type { UserInfo } from "../../apis/authentication.ts";
import { forbiddenStatus } from "../../authorization/access-status.ts";
import type { RequestAttributes } from "../../authorization/request-attributes.ts";
import { StatusError } from "../status/status-error.ts";

/** What an authorizer refused, as the caller is told. `reason` is the authorizer's own, possibly empty. */
export function forbidden(user: UserInfo, attributes: RequestAttributes, reason: string): StatusError {
  const { code, message, details } = forbiddenStatus(user, attributes, reason);
  return new StatusError(code, "Forbidden", message, details);
}
