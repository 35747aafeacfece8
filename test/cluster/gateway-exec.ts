import { Agent, WebSocket } from "undici";
import type { InstalledGateway } from "./gateway-installation.ts";

/** What a command in a container writes and ends with, by the kubelet's own WebSocket protocol. */
export async function executeThroughGateway(
  { url, caPem }: Pick<InstalledGateway, "url" | "caPem">,
  path: string,
  token: string,
): Promise<"refused" | { readonly output: string; readonly status: string }> {
  const dispatcher = new Agent({ connect: { ca: caPem } });
  const socket = new WebSocket(`${url.replace("https", "wss")}${path}`, {
    protocols: ["v4.channel.k8s.io"],
    headers: { authorization: `Bearer ${token}` },
    dispatcher,
  });
  socket.binaryType = "arraybuffer";
  const written: Record<number, string> = {};
  socket.addEventListener("message", ({ data }) => {
    const frame = Buffer.from(data as ArrayBuffer);
    written[frame[0]!] = (written[frame[0]!] ?? "") + frame.subarray(1).toString();
  });
  const opened = await new Promise<boolean>((resolve) => {
    let open = false;
    socket.addEventListener("open", () => {
      open = true;
    });
    socket.addEventListener("error", () => resolve(open));
    socket.addEventListener("close", () => resolve(open));
  });
  await dispatcher.destroy();
  if (!opened) return "refused";
  // channel 1 is the standard output, channel 3 the Status
  const { status } = JSON.parse(written[3] ?? "{}") as { status: string };
  return { output: written[1] ?? "", status };
}
