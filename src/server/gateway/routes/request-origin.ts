import { AnswerStatusError } from "../../../apis/answer-status.ts";
import { headerValues } from "../../../apis/raw-headers.ts";
import type { Caller } from "../../../authentication/authenticator.ts";

export interface RequestOfOrigin {
  /** How its caller is known. */
  readonly method: Caller["method"];
  readonly rawHeaders: readonly string[];
}

/**
 * Refuses what a page of another site had its reader's browser ask: a browser shows a client certificate for every page, and
 * a WebSocket's answer to every page too. A token it gives to no page that does not have it already. Programs send no
 * `Origin`, or the server's own.
 * @throws AnswerStatusError 403.
 */
export function assertOwnOrigin({ method, rawHeaders }: RequestOfOrigin): void {
  if (method === "tokenReview") return;
  const [host = ""] = headerValues(rawHeaders, "host");
  const own = hostOf(`https://${host}`);
  const isOwn = (origin: string): boolean => own !== undefined && hostOf(origin) === own;
  if (headerValues(rawHeaders, "origin").every(isOwn)) return;
  throw new AnswerStatusError("ERR_ACCESS_DENIED", {
    code: 403,
    reason: "Forbidden",
    message: "a page of another origin asks for this without a token of its own, and nobody knows for whom",
    details: {},
  });
}

/** With its port; undefined for `null` and whatever else is no URL. */
function hostOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port === "" ? standardPorts.get(protocol) : port}`;
}

const standardPorts = new Map([
  ["https:", 443],
  ["http:", 80],
]);
