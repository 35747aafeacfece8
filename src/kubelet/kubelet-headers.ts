import { badRequest } from "../apis/answer-status.ts";
import { hostPort } from "../apis/host-port.ts";
import { headerValues } from "../apis/raw-headers.ts";
import { isTokenProtocol } from "../authentication/websocket-bearer.ts";
import { headersToKubelet } from "./forwarded-headers.ts";
import type { KubeletPeer } from "./kubelet-connection-error.ts";

export interface ForwardedRequest {
  readonly method: string;
  /** Names and values in turn, as they came. */
  readonly headers: readonly string[];
  readonly body?: Buffer | undefined;
}

/** The head of a request to a kubelet: what it may know of the headers that came, and how long the body is. */
export function exchangeHeaders(peer: KubeletPeer, { method, headers, body }: ForwardedRequest): string[] {
  return ["Host", hostPort(peer), ...headersToKubelet(headers), ...framing(method, headers, body)];
}

/** A body that was read is sent with its length: how it came was between the caller and us. */
function framing(method: string, headers: readonly string[], body: Buffer | undefined): string[] {
  if (body === undefined) return method === "GET" || method === "HEAD" ? [] : ["Content-Length", "0"];
  const type = headerValues(headers, "content-type")[0];
  return [...(type === undefined ? [] : ["Content-Type", type]), "Content-Length", String(body.length)];
}

const ofUpgrade = [
  "Sec-WebSocket-Key",
  "Sec-WebSocket-Version",
  "Sec-WebSocket-Extensions",
  "X-Stream-Protocol-Version",
];
const protocols = new Set(["websocket", "spdy/3.1"]);

/**
 * The same for a request that asks for `websocket` or `SPDY/3.1`. A bearer token among the WebSocket's protocols stays
 * here.
 * @throws AnswerStatusError: ERR_REQUEST_INVALID (400) for any other protocol, or more than one.
 */
export function upgradeHeaders(
  peer: KubeletPeer,
  { method, headers }: Pick<ForwardedRequest, "method" | "headers">,
): string[] {
  const [upgrade, ...more] = headerValues(headers, "upgrade");
  if (upgrade === undefined || more.length > 0 || !protocols.has(upgrade.toLowerCase()))
    throw badRequest("a request to a kubelet is upgraded to websocket or SPDY/3.1 only");
  return [
    ...["Host", hostPort(peer), "Connection", "Upgrade", "Upgrade", upgrade],
    ...headersToKubelet(headers),
    ...ofUpgrade.flatMap((name) =>
      headerValues(headers, name.toLowerCase()).flatMap((value) => [name, value]),
    ),
    ...subprotocols(headers),
    ...framing(method, headers, undefined),
  ];
}

function subprotocols(headers: readonly string[]): string[] {
  const offered = headerValues(headers, "sec-websocket-protocol").flatMap((value) => value.split(","));
  const kept = offered.map((name) => name.trim()).filter((name) => !isTokenProtocol(name));
  return kept.length === 0 ? [] : ["Sec-WebSocket-Protocol", kept.join(", ")];
}
