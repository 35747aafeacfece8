import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { UpgradedKubelet } from "./kubelet-client.ts";

/** What a caller may see of a kubelet's consent. */
const consent = new Set([
  "connection",
  "upgrade",
  "sec-websocket-accept",
  "sec-websocket-protocol",
  "sec-websocket-extensions",
  "x-stream-protocol-version",
]);

export interface CallerConnection {
  readonly socket: Duplex;
  /** What came right behind the request's head. */
  readonly head: Buffer;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Hands the kubelet's consent to the caller and then each what the other says, as fast as it is read, until both have
 * ended; an end is passed on and leaves the other direction open. Where one breaks off, or `signal` is aborted, both are
 * gone.
 * @throws what broke off.
 */
export async function relayUpgrade(
  { socket: kubelet, head, headers }: UpgradedKubelet,
  caller: CallerConnection,
): Promise<void> {
  const options = caller.signal === undefined ? {} : { signal: caller.signal };
  caller.socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headerText(headers)}\r\n`, "latin1");
  if (head.length > 0) kubelet.unshift(head);
  if (caller.head.length > 0) caller.socket.unshift(caller.head);
  try {
    await Promise.all([pipeline(caller.socket, kubelet, options), pipeline(kubelet, caller.socket, options)]);
  } finally {
    caller.socket.destroy();
    kubelet.destroy();
  }
}

function headerText(rawHeaders: readonly string[]): string {
  let text = "";
  for (let index = 0; index + 1 < rawHeaders.length; index += 2)
    if (consent.has(rawHeaders[index]!.toLowerCase()))
      text += `${rawHeaders[index]}: ${rawHeaders[index + 1]}\r\n`;
  return text;
}
