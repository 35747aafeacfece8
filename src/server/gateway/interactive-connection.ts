import type { Duplex } from "node:stream";
import type { UpgradedKubelet } from "../../kubelet/kubelet-client.ts";
import type { APIContext } from "../api/api-state.ts";
import type { OpenStreams } from "./open-streams.ts";
import { takeConnection } from "./upgradable-response.ts";

/** What of a kubelet's answer two ends agree on the protocol by. */
const agreement = new Set([
  "connection",
  "upgrade",
  "sec-websocket-accept",
  "sec-websocket-protocol",
  "sec-websocket-extensions",
  "x-stream-protocol-version",
]);

/** Passes on, both ways, what caller and kubelet say once they speak another protocol; resolves when they have ended. */
export async function relayConnection(
  context: APIContext,
  kubelet: UpgradedKubelet,
  openStreams: OpenStreams,
): Promise<void> {
  const { res: response } = context;
  const taken = takeConnection(response);
  if (taken === undefined) {
    kubelet.socket.destroy();
    return;
  }
  context.respond = false;
  const { socket, head } = taken;
  const close = openStreams.open();
  try {
    socket.write(headOf(kubelet));
    socket.write(kubelet.head);
    kubelet.socket.write(head);
    await Promise.all([relay(kubelet.socket, socket), relay(socket, kubelet.socket)]);
  } finally {
    close();
    // the response that was taken from is told by nobody else
    response.emit("close");
  }
}

/** One way, until the source is closed: what it sent before arrives, what failed fails the other end as well. */
function relay(source: Duplex, destination: Duplex): Promise<void> {
  source.on("error", () => destination.destroy());
  source.pipe(destination);
  return new Promise((resolve) => {
    source.once("close", () => {
      destination.end(() => destination.destroy());
      resolve();
    });
  });
}

function headOf({ headers }: UpgradedKubelet): string {
  const lines = ["HTTP/1.1 101 Switching Protocols"];
  const said = agreed(headers);
  for (let index = 0; index + 1 < said.length; index += 2) lines.push(`${said[index]}: ${said[index + 1]}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function agreed(rawHeaders: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2)
    if (agreement.has(rawHeaders[index]!.toLowerCase()))
      kept.push(rawHeaders[index]!, rawHeaders[index + 1]!);
  return kept;
}
