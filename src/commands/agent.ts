import { createAgent } from "../agent/agent.ts";
import type { AgentConfiguration } from "../configuration/agent-configuration.ts";
import { loadAgentConfiguration } from "../configuration/load-agent-configuration.ts";
import { watchConfiguration } from "../configuration/watch-configuration.ts";
import type { ClusterConnection } from "../transport/cluster-connection.ts";
import { findCluster } from "../transport/kubeconfig-connection.ts";
import { type CommandIO, defineCommand } from "./command.ts";
import { onHangup } from "./hangup-signal.ts";
import { stopSignal } from "./stop-signal.ts";

/** `countersign agent`: keeps tokens fresh, until SIGTERM or SIGINT. */
export const agent = defineCommand({
  name: "agent",
  summary: "Keep webhooks' tokens fresh: in token files, and for exec-credential on a socket",
  example: "countersign agent --config agent.yaml",
  flags: {
    config: {
      type: "string",
      value: "FILE",
      required: true,
      summary: "AgentConfiguration, YAML or JSON",
    },
    kubeconfig: {
      type: "string",
      value: "FILE",
      summary:
        "the API server that mints, instead of the configuration's; without either as kubectl finds it",
    },
    context: { type: "string", value: "NAME", summary: "of the kubeconfig, instead of its current one" },
    check: {
      type: "boolean",
      summary: "say what is wrong with the configuration and all that it names, and keep nothing",
    },
  },
  async run({ flags: { config, kubeconfig, context, check } }, io) {
    const findIt = async ({ cluster }: AgentConfiguration): Promise<ClusterConnection> => {
      const { kubeconfigFile, context: configured } = cluster ?? {};
      return findCluster({
        kubeconfig: kubeconfig ?? kubeconfigFile,
        context: context ?? (kubeconfig === undefined ? configured : undefined),
        env: io.env,
      });
    };
    if (check) return checkAll(config, findIt, io);
    const watched = await watchConfiguration({ file: config, load: loadAgentConfiguration });
    onHangup(watched.reload);
    const { client } = await findIt(watched.first);
    const running = createAgent({ configuration: watched.first, cluster: client, log: io.stderr });
    const stopped = stopSignal();
    const ports = await running.start();
    watched.follow(running.reload);
    // the one result: where it answers, for whoever asked for port 0
    io.stdout.write(`${JSON.stringify(ports)}\n`);
    await stopped;
    watched.close();
    await running.close();
    return 0;
  },
});

async function checkAll(
  config: string,
  findIt: (configuration: AgentConfiguration) => Promise<ClusterConnection>,
  io: CommandIO,
): Promise<number> {
  const [{ checkAgentConfiguration }, { printChecked }] = await Promise.all([
    import("../agent/check-configuration.ts"),
    import("./checked-configuration.ts"),
  ]);
  const configuration = await loadAgentConfiguration(config);
  const found = await checkAgentConfiguration(configuration);
  await findIt(configuration);
  return printChecked(config, found, io);
}
