import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from "../../src/testing/certificates/certificate-authority.ts";
import { type CapturingWebhook, startCapturingWebhook } from "../rig/capturing-webhook.ts";
import { type Finished, run } from "../rig/child-process.ts";
import { freePort } from "../rig/free-port.ts";
import { poll } from "../rig/poll.ts";
import { type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { serviceAccountKubeconfig } from "../rig/service-account-kubeconfig.ts";
import { type StrictKubectl, strictKubectl } from "../rig/strict-kubectl.ts";
import { execUser, grantAsPrinted, type Plugin, runCountersign } from "./package-commands.ts";
import { executable, type ServeProcess, startServe } from "./serve-process.ts";
import {
  accountsAndServices,
  callerAccount,
  configurations,
  deployment,
  goodImage,
  imagesPolicy,
  listOf,
  mutatingConfiguration,
  namespace,
  serveAccount,
  stampPolicy,
  webhookKubeconfig,
} from "./story-objects.ts";

export type Via = "service" | "url";
export type Host = "service" | "url" | "guard" | "bystander";
export type FailurePolicy = "Fail" | "Ignore";

export interface DeploymentOptions {
  readonly via: Via;
  readonly failurePolicy: FailurePolicy;
  readonly image?: string;
}

export interface CreatedDeployment extends Finished {
  readonly name: string;
  /** Whether the API server has it now. */
  readonly stored: boolean;
}

export interface StoryCluster {
  readonly controlPlane: RealControlPlane;
  readonly serve: ServeProcess;
  /** A webhook on a host of the kubeconfig that authenticates nobody. */
  readonly bystander: CapturingWebhook;
  readonly folder: string;
  /** Those of `serve`'s routes, and the bystander's. */
  readonly audiences: Readonly<Record<Via | "reviewed" | "guard" | "stamp" | "bystander", string>>;
  /** Signs client certificates that `serve` takes where their name is `kube-apiserver`. */
  readonly clientAuthority: CertificateAuthority;
  /** The plugin with the flags this cluster needs. */
  readonly plugin: Plugin;
  /** kube-apiserver anew, its webhook kubeconfig naming this plugin for the hosts that opted in; without one, nobody. */
  restart(plugin?: Plugin): Promise<void>;
  /** The same with this as the kubeconfig's `user`. */
  restartAs(user: object | undefined): Promise<void>;
  /** The same with these users, each for the webhook it is named after; the others are nobody's. */
  restartWith(users: Readonly<Partial<Record<Host, object>>>): Promise<void>;
  /** The host and port that each webhook is called at. */
  readonly hosts: Readonly<Record<Host, string>>;
  /** Acts as the ServiceAccount whose tokens are presented. */
  readonly minterFile: string;
  /** Runs the plugin by hand for a host of `serve`. */
  runPlugin(plugin: Plugin, server: string): Promise<Finished>;
  /** A command of the built package, as the administrator. */
  countersign(args: readonly string[], input?: string): Promise<Finished>;
  /** Real kubectl makes a Deployment that the chosen webhook reviews, and the bystander with it. */
  createDeployment(options: DeploymentOptions): Promise<CreatedDeployment>;
  readonly kubectl: StrictKubectl;
  stop(): Promise<void>;
}

export interface StoryOptions {
  readonly version: "1.37" | "1.34";
  readonly pluginFlags: readonly string[];
  /** What `serve` accepts on all of its routes, besides client certificates. */
  readonly authentication: { readonly webhookTokens?: object; readonly [field: string]: unknown };
}

/** A real control plane, `countersign serve`, and the configurations and grants that bring the two together. */
export async function startStory(options: StoryOptions): Promise<StoryCluster> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    return { ...(await assemble(options, stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function assemble(
  { version, pluginFlags, authentication }: StoryOptions,
  stops: (() => Promise<unknown>)[],
): Promise<Omit<StoryCluster, "stop">> {
  const controlPlane = await startRealControlPlane({ version });
  stops.push(() => controlPlane.stop());
  const bystander = await startCapturingWebhook({ names: [`bystander.${namespace}.svc`] });
  stops.push(() => bystander.close());
  const { folder } = controlPlane;
  const kubectl = strictKubectl(controlPlane);
  await kubectl(["apply", "-f", "-"], listOf(accountsAndServices()));
  const port = await freePort();
  const audiences = audiencesOf(port, bystander.port);
  const clientAuthority = createCertificateAuthority({ commonName: "webhook-clients" });
  writeFileSync(join(folder, "clients.crt"), clientAuthority.certificatePem);
  const accepted = {
    ...authentication,
    clientCertificates: { caFile: "clients.crt", names: ["kube-apiserver"] },
  };
  const route = (name: Via | "reviewed" | "guard", authenticated: object): object => ({
    path: `/validate/${name}`,
    audiences: [audiences[name]],
    authentication: authenticated,
    policy: { file: "images.ts" },
  });
  const serve = await startServe({
    folder,
    port,
    names: ["countersign", "guard", "stamp"].map((name) => `${name}.${namespace}.svc`),
    // nothing else: discovery and keys at the API server's address, as the ServiceAccount of the kubeconfig
    issuers: [{ name: "cluster" }],
    kubeconfig: await serviceAccountKubeconfig(serveAccount, controlPlane),
    webhooks: [
      route("service", accepted),
      route("url", accepted),
      route("guard", accepted),
      route("reviewed", { ...authentication, tokenReview: {} }),
      {
        path: "/mutate/stamp",
        type: "mutating",
        audiences: [audiences.stamp],
        authentication: forMutating(authentication),
        policy: { file: "stamp.ts" },
      },
    ],
    policies: { "images.ts": imagesPolicy, "stamp.ts": stampPolicy },
  });
  stops.push(() => serve.stop());
  await kubectl(
    ["apply", "-f", "-"],
    listOf([...configurations(serve, bystander), mutatingConfiguration(serve)]),
  );
  const countersign: StoryCluster["countersign"] = (args, input) =>
    runCountersign(controlPlane.kubeconfigFile, args, input);
  await grantAsPrinted(controlPlane, [
    "--webhook-configuration=validating/story-service",
    `--service-account=${callerAccount.namespace}/${callerAccount.name}`,
    "--api-group=*",
    "--api-group=apps",
  ]);
  const minter = await serviceAccountKubeconfig(callerAccount, controlPlane);
  const names = [`*.${namespace}.svc:${port}`, `localhost:${port}`, `*.${namespace}.svc:${bystander.port}`];
  const hosts = {
    service: `countersign.${namespace}.svc:${port}`,
    url: `localhost:${port}`,
    guard: `guard.${namespace}.svc:${port}`,
    bystander: `bystander.${namespace}.svc:${bystander.port}`,
  };
  const restartAs: StoryCluster["restartAs"] = (user) =>
    controlPlane.restart({
      webhookKubeconfig: user && webhookKubeconfig(names.map((name) => ({ name, user }))),
    });
  return {
    ...{
      controlPlane,
      serve,
      bystander,
      folder,
      audiences,
      clientAuthority,
      countersign,
      kubectl,
      restartAs,
    },
    plugin: {
      command: process.execPath,
      args: [executable, "exec-credential", ...pluginFlags, `--kubeconfig=${minter}`],
    },
    hosts,
    minterFile: minter,
    restartWith: (users) =>
      controlPlane.restart({
        webhookKubeconfig: webhookKubeconfig(
          Object.entries(users).map(([host, user]) => ({ name: hosts[host as Host], user })),
        ),
      }),
    restart: (plugin) => restartAs(plugin && execUser(plugin)),
    runPlugin: (plugin, server) => runPlugin(plugin, server, serve.caBundle),
    createDeployment: (options) => createDeployment(controlPlane, options),
  };
}

/** A bound token's configuration is of the route's kind. */
function forMutating(authentication: StoryOptions["authentication"]): object {
  const { webhookTokens } = authentication;
  if (webhookTokens === undefined) return authentication;
  return { ...authentication, webhookTokens: { ...webhookTokens, kinds: ["MutatingWebhookConfiguration"] } };
}

function audiencesOf(port: number, bystanderPort: number): StoryCluster["audiences"] {
  return {
    service: `https://countersign.${namespace}.svc:${port}/validate/service`,
    url: `https://localhost:${port}/validate/url`,
    reviewed: `https://localhost:${port}/validate/reviewed`,
    guard: `https://guard.${namespace}.svc:${port}/validate/guard`,
    stamp: `https://stamp.${namespace}.svc:${port}/mutate/stamp`,
    bystander: `https://bystander.${namespace}.svc:${bystanderPort}/`,
  };
}

function runPlugin({ command, args }: Plugin, server: string, caBundle: string): Promise<Finished> {
  const cluster = { server, "certificate-authority-data": caBundle, config: null };
  const info = {
    kind: "ExecCredential",
    apiVersion: "client.authentication.k8s.io/v1",
    spec: { interactive: false, cluster },
  };
  return run(command, args, { env: { ...process.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) } });
}

let count = 0;

async function createDeployment(
  { kubectl }: RealControlPlane,
  { via, failurePolicy, image = goodImage }: DeploymentOptions,
): Promise<CreatedDeployment> {
  const name = `app-${++count}`;
  const finished = await kubectl(
    ["create", "-f", "-"],
    JSON.stringify(deployment(name, { via, failurePolicy }, image)),
  );
  const stored = await kubectl(["get", "deployment", name, "-n", namespace, "-o", "name"]);
  return { ...finished, name, stored: stored.code === 0 };
}

/** A webhook configuration is in effect about a second after it was made: creates Deployments until this answer comes. */
export function untilDeployment(
  story: StoryCluster,
  options: DeploymentOptions,
  isIt: (created: CreatedDeployment) => boolean,
): Promise<CreatedDeployment> {
  return poll(
    "the webhooks to be in effect",
    async () => {
      const created = await story.createDeployment(options);
      return isIt(created) ? created : undefined;
    },
    { intervalMs: 200 },
  );
}
