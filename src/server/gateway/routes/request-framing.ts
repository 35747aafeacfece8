import type { IncomingMessage } from "node:http";
import { badRequest } from "../../../apis/answer-status.ts";
import { headerValues } from "../../../apis/raw-headers.ts";
import type { APIMiddleware } from "../../api/api-state.ts";
import { isNodeProxy } from "./node-proxy-request.ts";

/** Refuses what somebody else could take for another request. Only a node's proxy may be upgraded, and answers that itself. */
export const guardFraming: APIMiddleware = async (context, next) => {
  // RFC 9112 3.2: node:http takes the first
  if (headerValues(context.req.rawHeaders, "host").length > 1) throw badRequest("more than one Host header");
  // HTTP/0.9 is read, too: without headers, and without an end of the answer but the connection's
  if (context.req.httpVersionMajor !== 1) throw badRequest("HTTP/1.1 is spoken here");
  if (!isNodeProxy(context.state.info)) assertNoUpgrade(context.req);
  await next();
};

/**
 * Refuses what nobody here reads. A body where none is read would be passed over, and whoever stands between client and
 * gateway may have another idea of where it ends.
 * @throws AnswerStatusError 400.
 */
export function assertNoBody({ rawHeaders }: Pick<IncomingMessage, "rawHeaders">): void {
  const lengths = headerValues(rawHeaders, "content-length");
  const coded = headerValues(rawHeaders, "transfer-encoding").length > 0;
  if (!coded && lengths.every((length) => /^0+$/.test(length))) return;
  throw badRequest("a body is not read here: send the request without one");
}

/** @throws AnswerStatusError 400 where a request would have its connection speak another protocol. */
export function assertNoUpgrade({ rawHeaders }: Pick<IncomingMessage, "rawHeaders">): void {
  if (wantsUpgrade({ rawHeaders }))
    throw badRequest("an upgrade to another protocol is not served here: send the request without one");
}

/** Whether a request would have its connection speak another protocol, in whatever way it says so. */
export function wantsUpgrade({ rawHeaders }: Pick<IncomingMessage, "rawHeaders">): boolean {
  const tokens = headerValues(rawHeaders, "connection").flatMap((value) => value.toLowerCase().split(","));
  return headerValues(rawHeaders, "upgrade").length > 0 || tokens.some((token) => token.trim() === "upgrade");
}
