import { createAgent } from "../agent/agent.ts";
import { loadAgentConfiguration } from "../configuration/load-agent-configuration.ts";
import { findCluster } from "../transport/kubeconfig-connection.ts";
import { defineCommand } from "./command.ts";
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
  },
  async run({ flags: { config, kubeconfig, context } }, io) {
    const configuration = await loadAgentConfiguration(config);
    const { kubeconfigFile, context: configured } = configuration.cluster ?? {};
    const { client } = await findCluster({
      kubeconfig: kubeconfig ?? kubeconfigFile,
      context: context ?? (kubeconfig === undefined ? configured : undefined),
      env: io.env,
    });
    const running = createAgent({ configuration, cluster: client, log: io.stderr });
    const stopped = stopSignal();
    const ports = await running.start();
    // the one result: where it answers, for whoever asked for port 0
    io.stdout.write(`${JSON.stringify(ports)}\n`);
    await stopped;
    await running.close();
    return 0;
  },
});
