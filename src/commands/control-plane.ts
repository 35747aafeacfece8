import { CountersignError } from "../errors.ts";
import { type ControlPlane, startControlPlane } from "../testing/control-plane.ts";
import { defineCommand } from "./command.ts";
import { parseServiceAccount } from "./service-account-flag.ts";
import { stopSignal } from "./stop-signal.ts";

/** `countersign control-plane`: the embedded control plane, until SIGTERM or SIGINT. */
export const controlPlane = defineCommand({
  name: "control-plane",
  summary: "Run the embedded control plane in the foreground; real kubectl works against what it serves",
  example: "countersign control-plane --kubeconfig-out ./kubeconfig",
  flags: {
    "kubeconfig-out": {
      type: "string",
      value: "FILE",
      summary: "write the administrator's kubeconfig there, readable by its owner only; without it to stdout",
    },
    port: {
      type: "string",
      value: "PORT",
      default: "0",
      summary: "port on 127.0.0.1; 0 is any that is free",
    },
    "service-account": {
      type: "string",
      value: "NS/NAME",
      summary: "present this ServiceAccount's attested tokens to webhooks; it is made, with its grant",
    },
  },
  async run({ flags }, io) {
    const port = parsePort(flags.port);
    const serviceAccount = flags["service-account"];
    const stopped = stopSignal();
    const running = await startControlPlane({
      port,
      ...(serviceAccount === undefined
        ? {}
        : { webhookAuthentication: { serviceAccount: parseServiceAccount(serviceAccount) } }),
    });
    try {
      io.stdout.write(await announcement(running, flags["kubeconfig-out"]));
      io.stderr.write(`control plane at ${running.url}; stop it with SIGTERM or Ctrl-C\n`);
      await stopped;
    } finally {
      await running.stop();
    }
    return 0;
  },
});

/** The one result: the kubeconfig, or where the server is that the written one leads to. */
async function announcement(running: ControlPlane, file: string | undefined): Promise<string> {
  if (file === undefined) return running.adminKubeconfig;
  try {
    await running.writeKubeconfig(file);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new CountersignError("ERR_USAGE", `--kubeconfig-out ${file} cannot be written: ${reason}`, {
      cause,
    });
  }
  return `${JSON.stringify({ url: running.url, port: running.port, kubeconfig: file })}\n`;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new CountersignError("ERR_USAGE", `--port ${text} is not a port: give a number from 0 to 65535`);
}
