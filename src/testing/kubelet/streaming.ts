import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { goError, type KubeletAnswer, plain } from "./kubelet-answer.ts";
import type { PodState } from "./kubelet-pod.ts";
import type { KubeletCall, KubeletHandler } from "./router.ts";

export type FindPod = (namespace: string, name: string) => PodState | undefined;

/** What an endpoint answers that could have been upgraded and was not asked to be, or may not be. */
export function answerStreaming(kind: "exec" | "attach" | "portForward", findPod: FindPod): KubeletHandler {
  return (call) => {
    if (kind !== "portForward" && !hasStream(call))
      return plain(400, "you must specify at least 1 of stdin, stdout, stderr");
    const { namespace = "", pod: podName = "", container } = call.parameters;
    const pod = findPod(namespace, podName);
    if (pod === undefined) return plain(404, "pod does not exist");
    if (kind !== "portForward" && !pod.containers.some(({ name }) => name === container))
      return plain(500, `container not found (${JSON.stringify(container)})`);
    return upgradeRequired;
  };
}

/** Instead of this an upgrade is made where it was asked for. */
export const upgradeRequired: KubeletAnswer = goError(500, "Upgrade request required");

function hasStream({ query }: KubeletCall): boolean {
  return ["input", "output", "error"].some((stream) => query.get(stream) === "1");
}

/** RFC 6455 1.3. */
const webSocketKey = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Switches to the protocol that was asked for, and from then on returns every byte as it came: it speaks none of them. */
export function echoUpgraded({ headers }: IncomingMessage, socket: Duplex, head: Buffer): void {
  const protocol = headers.upgrade ?? "";
  const lines = ["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", `Upgrade: ${protocol}`];
  const key = headers["sec-websocket-key"];
  if (key !== undefined)
    lines.push(
      `Sec-WebSocket-Accept: ${createHash("sha1")
        .update(key + webSocketKey)
        .digest("base64")}`,
    );
  const [subprotocol] = (headers["sec-websocket-protocol"] ?? "").split(",");
  if (subprotocol) lines.push(`Sec-WebSocket-Protocol: ${subprotocol.trim()}`);
  const version = headers["x-stream-protocol-version"];
  if (version !== undefined) lines.push(`X-Stream-Protocol-Version: ${[version].flat()[0]?.split(",")[0]}`);
  socket.on("error", () => socket.destroy());
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  socket.write(head);
  socket.pipe(socket);
}

/** POST run: what the test says a command prints, or nothing. */
export function answerRun(findPod: FindPod, run: (command: readonly string[]) => string): KubeletHandler {
  return ({ parameters, query }) => {
    const { namespace = "", pod: podName = "", container } = parameters;
    const pod = findPod(namespace, podName);
    if (pod === undefined) return plain(404, "pod does not exist");
    if (!pod.containers.some(({ name }) => name === container))
      return plain(500, `container not found (${JSON.stringify(container)})`);
    const output = run((query.get("cmd") ?? "").split(" "));
    return { status: 200, headers: { "Content-Type": "application/json" }, body: output };
  };
}
