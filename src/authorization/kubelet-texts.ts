import type { UserInfo } from "../apis/authentication.ts";

/** The body of a kubelet's 401, as text. It comes without a `WWW-Authenticate` header. */
export const kubeletUnauthorizedText = "Unauthorized";

/** The body of a kubelet's 403 where it cannot say what a request is about. */
export const kubeletUndeterminedText = "Authorization error: could not determine attributes for request";

/** The body of a kubelet's 403: all subresources of the node it has asked about (1.32 and later). */
export function kubeletForbiddenText(user: UserInfo, verb: string, subresources: readonly string[]): string {
  return `Forbidden (user=${user.username}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(" ")}])\n`;
}

/** The body of a kubelet's 500: it could not be told whether this subresource of the node is the user's. */
export function kubeletAuthorizationErrorText(user: UserInfo, verb: string, subresource: string): string {
  return `Authorization error (user=${user.username}, verb=${verb}, resource=nodes, subresource=${subresource})`;
}
