import { loadGatewayConfiguration } from "../configuration/load-gateway-configuration.ts";
import { watchConfiguration } from "../configuration/watch-configuration.ts";
import { createGatewayServer } from "../server/gateway/gateway-server.ts";
import type { ClusterConnection } from "../transport/cluster-connection.ts";
import { type CommandIO, defineCommand } from "./command.ts";
import { onHangup } from "./hangup-signal.ts";
import { leaveSoon } from "./leave-soon.ts";
import { stopSignal } from "./stop-signal.ts";

/** `countersign gateway`: the kubelet gateway, until SIGTERM or SIGINT. */
export const gateway = defineCommand({
  name: "gateway",
  summary: "Give tenants pods' logs and nodes' metrics, each request authenticated and authorized on its own",
  example: "countersign gateway --config gateway.yaml",
  flags: {
    config: {
      type: "string",
      value: "FILE",
      required: true,
      summary: "GatewayConfiguration, YAML or JSON",
    },
    kubeconfig: {
      type: "string",
      value: "FILE",
      summary: "the API server whose nodes these are, and who it is asked as; without it as kubectl finds it",
    },
    check: {
      type: "boolean",
      summary: "say what is wrong with the configuration and all that it names, and serve nothing",
    },
  },
  async run({ flags: { config, kubeconfig, check } }, io) {
    const cluster = async (): Promise<ClusterConnection> => {
      const { findCluster } = await import("../transport/kubeconfig-connection.ts");
      return findCluster({ kubeconfig, env: io.env });
    };
    if (check) return checkAll(config, kubeconfig === undefined ? undefined : cluster, io);
    const watched = await watchConfiguration({ file: config, load: loadGatewayConfiguration });
    onHangup(watched.reload);
    const server = createGatewayServer({ configuration: watched.first, log: io.stderr, cluster });
    const stopped = stopSignal();
    const ports = await server.start();
    watched.follow(server.reload);
    // the one result: where it listens, for whoever asked for port 0
    io.stdout.write(`${JSON.stringify(ports)}\n`);
    await stopped;
    watched.close();
    await server.close();
    leaveSoon();
    return 0;
  },
});

async function checkAll(
  config: string,
  cluster: (() => Promise<ClusterConnection>) | undefined,
  io: CommandIO,
): Promise<number> {
  const [{ checkGatewayConfiguration }, { printChecked }] = await Promise.all([
    import("../server/gateway/check-gateway-configuration.ts"),
    import("./checked-configuration.ts"),
  ]);
  const found = await checkGatewayConfiguration(await loadGatewayConfiguration(config));
  await cluster?.();
  return printChecked(config, found, io);
}
