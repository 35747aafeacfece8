import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WebhookConfiguration } from "../../apis/admissionregistration.ts";
import { serviceAudience } from "../../apis/audience.ts";
import type { ServiceAccountReference } from "../../apis/authentication.ts";
import type { TokenIntent } from "../../credentials/token-request.ts";
import { createTokenRequestSource } from "../../credentials/token-request-source.ts";
import type { Token } from "../../credentials/token-source.ts";
import { findCluster } from "../../transport/kubeconfig-connection.ts";
import { createRestClient, type RestClient } from "../../transport/rest-client.ts";
import { createTokenRequestClient } from "../../transport/token-request-client.ts";
import {
  configurationName,
  foundations,
  serverAccount,
  service,
  webhookConfiguration,
  webhookPath,
} from "./objects.ts";
import { type CalledProcess, type ServerProcess, startCalledProcess, startServer } from "./processes.ts";
import { writeServerFiles } from "./server-files.ts";

/** Everything that runs while the story is told. */
export interface Stage {
  readonly folder: string;
  readonly kubeconfigFile: string;
  readonly url: string;
  readonly webhookCA: string;
  readonly webhookPort: number;
  /** The audience of our webhook's tokens. */
  readonly audience: string;
  readonly controlPlane: CalledProcess;
  readonly caller: CalledProcess;
  readonly server: ServerProcess;
  /** The administrator's client. */
  readonly client: RestClient;
  readonly configuration: WebhookConfiguration;
  mint(account: ServiceAccountReference, intent: TokenIntent): Promise<Token>;
  strike(): Promise<void>;
}

/** Starts the three processes and creates what the story needs. Whatever fails takes down what was begun. */
export async function setStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-demo-"));
  const undo: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })];
  const strike = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  const begun = <T extends { stop(): Promise<void> }>(process: T): T => {
    undo.push(() => process.stop());
    return process;
  };
  try {
    return { folder, strike, ...(await build(folder, begun, (step) => undo.push(step))) };
  } catch (error) {
    await strike();
    throw error;
  }
}

async function build(
  folder: string,
  begun: <T extends { stop(): Promise<void> }>(process: T) => T,
  later: (step: () => unknown) => unknown,
): Promise<Omit<Stage, "folder" | "strike">> {
  const controlPlane = begun(startCalledProcess("control-plane-process"));
  const caller = begun(startCalledProcess("caller-process"));
  const { url, kubeconfig } = await controlPlane.call<{ url: string; kubeconfig: string }>("describe");
  const kubeconfigFile = join(folder, "admin.kubeconfig");
  await writeFile(kubeconfigFile, kubeconfig, { mode: 0o600 });
  const client = createRestClient((await findCluster({ kubeconfig: kubeconfigFile, env: {} })).client);
  later(() => client.close());
  for (const { path, body } of foundations()) await client.request({ path, body });
  const webhookPort = await freePort();
  const files = await writeServerFiles(folder, webhookPort, await serverKubeconfig(controlPlane, client));
  const server = begun(startServer(files.configuration, join(folder, "server.kubeconfig")));
  await server.line(({ msg }) => msg === "serving");
  const { body: configuration } = await client.request<WebhookConfiguration>({
    path: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    body: webhookConfiguration(webhookPort, files.caPem),
  });
  const tokens = createTokenRequestClient(client);
  return {
    ...{ controlPlane, caller, server, client, configuration, kubeconfigFile, url, webhookPort },
    webhookCA: files.caPem,
    audience: serviceAudience({ ...service, port: webhookPort, path: webhookPath }),
    mint: (serviceAccount, intent) =>
      createTokenRequestSource({ client: tokens, serviceAccount, intent }).token(),
  };
}

/** The webhook server reads keys as its own ServiceAccount, which may do nothing else. */
async function serverKubeconfig(controlPlane: CalledProcess, client: RestClient): Promise<string> {
  const { namespace, name } = serverAccount;
  const { body } = await client.request<{ readonly status: { readonly token: string } }>({
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3600 } },
  });
  return controlPlane.call<string>("kubeconfig", { token: body.status.token });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** What a token for our webhook asks for. */
export function attestedIntent(stage: Stage, apiGroup: string, audience = stage.audience): TokenIntent {
  const { kind, metadata } = stage.configuration;
  const configuration = { kind, name: configurationName, uid: metadata.uid ?? "" };
  return { mode: "attested", configuration, audience, apiGroup };
}
