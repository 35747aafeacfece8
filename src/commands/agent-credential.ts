import { askAgent } from "../credentials/agent-socket-client.ts";
import type { ExecCluster } from "../credentials/exec-credential.ts";
import { CountersignError } from "../errors.ts";
import type { ObtainedCredential } from "./exec-answer.ts";
import { deadlineMs } from "./exec-deadline.ts";

/** What the agent has for this cluster, within the plugin's time. */
export async function agentCredential(
  socket: string,
  cluster: ExecCluster | undefined,
): Promise<ObtainedCredential> {
  if (cluster === undefined)
    throw new CountersignError(
      "ERR_CONFIGURATION",
      "KUBERNETES_EXEC_INFO does not say which webhook is called: set `provideClusterInfo: true` in the `exec` stanza",
    );
  const { server, "certificate-authority-data": certificateAuthority } = cluster;
  return askAgent(socket, { server, certificateAuthority }, deadlineMs);
}
