import { loadKeyPair } from "../certificates/key-pair.ts";
import type { AgentConfiguration } from "../configuration/agent-configuration.ts";
import { type CheckedField, faultOf } from "../configuration/checked-field.ts";
import { checkTokenFolder } from "../credentials/token-file-writer.ts";
import { checkSocketPath } from "./socket-file.ts";

/** Everything of a configuration that can be tried without a network and without making anything: certificate and folders. */
export async function checkAgentConfiguration({
  socket,
  tokenFiles,
  clientCertificate,
}: AgentConfiguration): Promise<readonly CheckedField[]> {
  const checks = [
    socket === undefined ? [] : faultOf(["socket"], () => checkSocketPath(socket)),
    ...tokenFiles.map(({ file }, index) =>
      faultOf(["tokenFiles", index, "file"], () => checkTokenFolder(file)),
    ),
    clientCertificate === undefined
      ? []
      : faultOf(["clientCertificate"], () => loadKeyPair(clientCertificate)),
  ];
  return (await Promise.all(checks)).flat();
}
