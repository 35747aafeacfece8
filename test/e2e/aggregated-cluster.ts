import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { type CapturingWebhook, startCapturingWebhook } from "../rig/capturing-webhook.ts";
import { type Finished, type RunningProcess, startProcess } from "../rig/child-process.ts";
import { freePort } from "../rig/free-port.ts";
import { poll } from "../rig/poll.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { serviceAccountKubeconfig } from "../rig/service-account-kubeconfig.ts";
import { type StrictKubectl, strictKubectl } from "../rig/strict-kubectl.ts";
import {
  apiService,
  clusterObjects,
  fruit,
  group,
  namespace,
  paths,
  policies,
  servedConfigurations,
  serverAccount,
  watchedConfiguration,
} from "./aggregated-objects.ts";
import type { AggregatedServerConfiguration } from "./aggregated-server/main.ts";
import { grantAsPrinted } from "./package-commands.ts";
import { type LogLine, type ServeProcess, startServe } from "./serve-process.ts";
import { listOf } from "./story-objects.ts";

export interface AggregatedCluster {
  readonly controlPlane: RealControlPlane;
  readonly serve: ServeProcess;
  /** Authenticates nobody, shows what it was sent. */
  readonly watcher: CapturingWebhook;
  /** Of the aggregated server itself. */
  readonly url: string;
  readonly caPem: string;
  readonly kubectl: StrictKubectl;
  /** `kubectl create` of a fruit. */
  createFruit(name: string, spec?: object, ...flags: readonly string[]): Promise<Finished>;
  /** What the aggregated server has said since it was last started. */
  said(): readonly LogLine[];
  /** The aggregated server's clock goes on. */
  advance(ms: number): Promise<void>;
  /** The aggregated server anew, with what it asks for tokens. */
  restartServer(tokens: AggregatedServerConfiguration["tokens"]): Promise<void>;
  stop(): Promise<void>;
}

/** kube-apiserver, the aggregated server of the SDK behind it, `countersign serve`, and all that brings them together. */
export async function startAggregatedCluster(): Promise<AggregatedCluster> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    return { ...(await assemble(stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function assemble(stops: (() => Promise<unknown>)[]): Promise<Omit<AggregatedCluster, "stop">> {
  const controlPlane = await startRealControlPlane({ aggregation: true });
  stops.push(() => controlPlane.stop());
  const kubectl = strictKubectl(controlPlane);
  await kubectl(["apply", "-f", "-"], listOf(clusterObjects()));
  const serve = await startWebhooks(controlPlane);
  stops.push(() => serve.stop());
  const watcher = await startCapturingWebhook();
  stops.push(() => watcher.close());
  const configurations = [...servedConfigurations(serve), watchedConfiguration(watcher)];
  await kubectl(["apply", "-f", "-"], listOf(configurations));
  await grantAsPrinted(controlPlane, [
    "--webhook-configuration=validating/fruit-colors",
    `--service-account=${serverAccount.namespace}/${serverAccount.name}`,
  ]);
  const server = await prepareServer(controlPlane);
  stops.push(() => server.stop());
  await server.start({});
  await kubectl(["apply", "-f", "-"], apiService(server.port, server.caPem));
  await poll("fruits to be served", async () => {
    const { code } = await controlPlane.kubectl(["get", `fruits.${group}`, "--request-timeout=5s"]);
    return code === 0 ? true : undefined;
  });
  return {
    ...{
      controlPlane,
      serve,
      watcher,
      kubectl,
      caPem: server.caPem,
      url: `https://localhost:${server.port}`,
    },
    ...{ said: server.said, advance: server.advance, restartServer: server.start },
    createFruit: (name, spec, ...flags) =>
      controlPlane.kubectl(["create", "-f", "-", ...flags], JSON.stringify(fruit(name, spec))),
  };
}

async function startWebhooks(controlPlane: RealControlPlane): Promise<ServeProcess> {
  const port = await freePort();
  const audience = {
    colors: `https://webhooks.${namespace}.svc:${port}${paths.colors}`,
    names: `https://localhost:${port}${paths.names}`,
    ripen: `https://webhooks.${namespace}.svc:${port}${paths.ripen}`,
  };
  const route = (name: keyof typeof paths, kind: "Validating" | "Mutating"): object => ({
    path: paths[name],
    type: kind.toLowerCase(),
    audiences: [audience[name]],
    authentication: { mode: "enforce", webhookTokens: { kinds: [`${kind}WebhookConfiguration`] } },
    policy: { file: `${name}.ts` },
  });
  return startServe({
    folder: controlPlane.folder,
    port,
    names: [`webhooks.${namespace}.svc`],
    issuers: [{ name: "cluster" }],
    kubeconfig: controlPlane.kubeconfigFile,
    webhooks: [route("colors", "Validating"), route("names", "Validating"), route("ripen", "Mutating")],
    policies,
  });
}

interface AggregatedServer {
  readonly port: number;
  readonly caPem: string;
  start(tokens: AggregatedServerConfiguration["tokens"]): Promise<void>;
  said(): readonly LogLine[];
  advance(ms: number): Promise<void>;
  stop(): Promise<void>;
}

async function prepareServer(controlPlane: RealControlPlane): Promise<AggregatedServer> {
  const port = await freePort();
  const authority = createCertificateAuthority({ commonName: "fruits-ca" });
  const pair = authority.issue({ commonName: "fruits", dnsNames: ["localhost", `api.${namespace}.svc`] });
  const write = (name: string, content: string): string => {
    const file = join(controlPlane.folder, `fruits-${name}`);
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  };
  const fixed = {
    port,
    certFile: write("tls.crt", pair.certificatePem),
    keyFile: write("tls.key", pair.keyPem),
    kubeconfig: await serviceAccountKubeconfig(serverAccount, controlPlane),
    serviceAccount: serverAccount,
    clockFile: write("clock", "0"),
  };
  const program = fileURLToPath(new URL("aggregated-server/main.ts", import.meta.url));
  let process_: RunningProcess | undefined;
  const said = (): readonly LogLine[] =>
    (process_?.output() ?? "")
      .split("\n")
      .filter((line) => line.startsWith("{") && line.endsWith("}"))
      .map((line) => JSON.parse(line) as LogLine);
  const stop = async (): Promise<void> => void (await process_?.stop());
  return {
    ...{ port, caPem: authority.certificatePem, said, stop },
    async start(tokens) {
      await stop();
      const configuration: AggregatedServerConfiguration = { ...fixed, tokens };
      const args = [program, write("server.json", JSON.stringify(configuration))];
      const started = startProcess({ command: process.execPath, args });
      process_ = started;
      await poll("the aggregated server to listen", () => {
        if (started.exitCode !== undefined) throw new Error(started.output());
        return said().find(({ msg }) => msg === "listening");
      });
    },
    async advance(ms) {
      write("clock", String(ms));
      const before = said().length;
      process_?.signal("SIGUSR2");
      await poll("the clock to have gone on", () =>
        said()
          .slice(before)
          .find(({ msg }) => msg === "clock"),
      );
    },
  };
}
