import { loadServerConfiguration } from "../configuration/load-server-configuration.ts";
import { watchConfiguration } from "../configuration/watch-configuration.ts";
import { createWebhookServer } from "../server/webhook-server.ts";
import { defineCommand } from "./command.ts";
import { onHangup } from "./hangup-signal.ts";
import { stopSignal } from "./stop-signal.ts";

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
      summary: "the API server of issuers without a URL and of tokenReview; without it as kubectl finds it",
    },
  },
  async run({ flags: { config, kubeconfig } }, io) {
    const watched = await watchConfiguration({ file: config, load: loadServerConfiguration });
    onHangup(watched.reload);
    const server = createWebhookServer({
      configuration: watched.first,
      log: io.stderr,
      async cluster() {
        const { findCluster } = await import("../transport/kubeconfig-connection.ts");
        return findCluster({ kubeconfig, env: io.env });
      },
    });
    const stopped = stopSignal();
    const ports = await server.start();
    watched.follow(server.reload);
    // the one result: where it listens, for whoever asked for port 0
    io.stdout.write(`${JSON.stringify(ports)}\n`);
    await stopped;
    watched.close();
    await server.close();
    return 0;
  },
});
