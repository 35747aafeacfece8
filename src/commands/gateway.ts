import { loadGatewayConfiguration } from "../configuration/load-gateway-configuration.ts";
import { createGatewayServer } from "../server/gateway/gateway-server.ts";
import { clusterFlags } from "./cluster-flags.ts";
import { defineCommand } from "./command.ts";
import { runConfiguredServer } from "./configured-server.ts";

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
    context: clusterFlags.context,
    check: {
      type: "boolean",
      summary: "say what is wrong with the configuration and all that it names, and serve nothing",
    },
  },
  run: ({ flags }, io) =>
    runConfiguredServer(flags, io, {
      load: loadGatewayConfiguration,
      async check(configuration) {
        const { checkGatewayConfiguration } = await import(
          "../server/gateway/check-gateway-configuration.ts"
        );
        return checkGatewayConfiguration(configuration);
      },
      create: createGatewayServer,
    }),
});
