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

/** Whoever is to speak with the kubelet. */
export interface CallerConnection {
  readonly socket: Duplex;
  /** What came right behind the request's head. */
  readonly head: Buffer;
  readonly signal?: AbortSignal | undefined;
  /** How long the caller may leave its side open once the kubelet has said everything. Default 10 s. */
  readonly lingerMs?: number | undefined;
}

const defaultLingerMs = 10_000;
/** Two pipelines over one socket listen to its end more often than Node's ten. */
const listeners = 32;

/**
 * Hands the kubelet's consent to the caller and then each what the other says, as fast as it is read, until both have
 * ended. The caller's end is passed on and leaves the kubelet time to answer; the kubelet's end is passed on and leaves
 * the caller `lingerMs`, because to cut a connection at once can lose what was said last. Where one breaks off, or `signal`
 * is aborted, both are gone.
 * @throws what broke off, and the signal's reason.
 */
export async function relayUpgrade(
  { socket: kubelet, head, headers }: UpgradedKubelet,
  { socket: caller, head: callerHead, signal, lingerMs = defaultLingerMs }: CallerConnection,
): Promise<void> {
  const over = new AbortController();
  const options = { signal: signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]) };
  let timer: NodeJS.Timeout | undefined;
  for (const socket of [kubelet, caller]) socket.setMaxListeners(listeners);
  caller.write(`HTTP/1.1 101 Switching Protocols\r\n${headerText(headers)}\r\n`, "latin1");
  if (head.length > 0) kubelet.unshift(head);
  if (callerHead.length > 0) caller.unshift(callerHead);
  const linger = (): void => {
    timer = setTimeout(() => over.abort(), lingerMs);
  };
  try {
    await Promise.all([pipeline(caller, kubelet, options), pipeline(kubelet, caller, options).then(linger)]);
  } catch (error) {
    if (!over.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    caller.destroy();
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
