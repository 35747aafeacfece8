import { loadServerConfiguration } from "../configuration/load-server-configuration.ts";
import { createWebhookServer } from "../server/webhooks/webhook-server.ts";
import { clusterFlags } from "./cluster-flags.ts";
import { defineCommand } from "./command.ts";
import { runConfiguredServer } from "./configured-server.ts";

/** `countersign serve`: the webhook server, until SIGTERM or SIGINT. */
export const serve = defineCommand({
  name: "serve",
  summary: "Serve admission webhooks that authenticate their callers",
  example: "countersign serve --config server.yaml",
  flags: {
    config: {
      type: "string",
      value: "FILE",
      required: true,
      summary: "ServerConfiguration, YAML or JSON",
    },
    kubeconfig: {
      type: "string",
      value: "FILE",
      summary:
        "the API server of issuers without a URL, of tokenReview and tls.selfSigned; without it as kubectl finds it",
    },
    context: clusterFlags.context,
    check: {
      type: "boolean",
      summary: "say what is wrong with the configuration and all that it names, and serve nothing",
    },
  },
  run: ({ flags }, io) =>
    runConfiguredServer(flags, io, {
      load: loadServerConfiguration,
      async check(configuration) {
        const { checkServerConfiguration } = await import("../server/webhooks/check-configuration.ts");
        return checkServerConfiguration(configuration);
      },
      create: createWebhookServer,
    }),
});
