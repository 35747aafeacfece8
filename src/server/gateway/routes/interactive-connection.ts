import type { UpgradedKubelet } from "../../../kubelet/kubelet-client.ts";
import { relayUpgrade } from "../../../kubelet/upgrade-relay.ts";
import type { APIContext } from "../../api/api-state.ts";
import type { OpenStreams } from "./open-streams.ts";
import { takeConnection } from "./upgradable-response.ts";

/** Lets caller and kubelet speak the protocol they agreed on; resolves when both have ended. */
export async function relayConnection(
  context: APIContext,
  kubelet: UpgradedKubelet,
  openStreams: OpenStreams,
): Promise<void> {
  const { res: response } = context;
  const connection = takeConnection(response);
  if (connection === undefined) {
    kubelet.socket.destroy();
    return;
  }
  context.respond = false;
  const close = openStreams.open();
  try {
    await relayUpgrade(kubelet, connection);
  } catch {
    // one has broken off and both are gone: there is nobody to answer
  } finally {
    close();
    // the connection was the response's, which nobody else tells
    response.emit("close");
  }
}
