import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CapturingWebhook, startCapturingWebhook } from "../rig/capturing-webhook.ts";
import { type Finished, run } from "../rig/child-process.ts";
import { freePort } from "../rig/free-port.ts";
import { poll } from "../rig/poll.ts";
import { issuer, type RealControlPlane, startRealControlPlane } from "../rig/real-control-plane.ts";
import { executable, type ServeProcess, startServe } from "./serve-process.ts";

export type Via = "service" | "url";
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
  /** The audiences of `serve`'s two routes, and the bystander's. */
  readonly audiences: Readonly<Record<Via | "bystander", string>>;
  /** kube-apiserver anew, its webhook kubeconfig naming this plugin for the hosts that opted in; without one, nobody. */
  restart(plugin?: Plugin): Promise<void>;
  /** The plugin with the flags this cluster needs. */
  readonly plugin: Plugin;
  /** Runs the plugin by hand for a host of `serve`. */
  runPlugin(plugin: Plugin, server: string): Promise<Finished>;
  /** Real kubectl makes a Deployment that the chosen webhook reviews, and the bystander with it. */
  createDeployment(options: DeploymentOptions): Promise<CreatedDeployment>;
  kubectl(args: readonly string[], input?: unknown): Promise<string>;
  stop(): Promise<void>;
}

export interface Plugin {
  readonly command: string;
  readonly args: readonly string[];
}

export interface StoryOptions {
  readonly version: "1.37" | "1.34";
  readonly pluginFlags: readonly string[];
  /** What `serve` accepts on both routes. */
  readonly authentication: object;
}

const namespace = "story";
const serviceAccount = { namespace: "kube-system", name: "webhook-caller" };
export const caller = "system:serviceaccount:kube-system:webhook-caller";
export const goodImage = "registry.example.com/app:1";

const policy = `import { definePolicy } from "countersign";

interface Deployment {
  spec: { template: { spec: { containers: { image: string }[] } } };
}

export default definePolicy<Deployment>({
  name: "images-from-registry",
  match: [{ apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] }],
  validate: (review) =>
    review.object.spec.template.spec.containers.every(({ image }) => image.startsWith("registry.example.com/")) ||
    review.deny("images come from registry.example.com only"),
});
`;

/** A real cluster's control plane, `countersign serve`, and the configurations and grants that bring the two together. */
export async function startStory({
  version,
  pluginFlags,
  authentication,
}: StoryOptions): Promise<StoryCluster> {
  const controlPlane = await startRealControlPlane({ version });
  const { folder } = controlPlane;
  const stops: (() => Promise<unknown>)[] = [() => controlPlane.stop()];
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const kubectl = async (args: readonly string[], input?: unknown): Promise<string> => {
      const { code, stdout, stderr } = await controlPlane.kubectl(
        args,
        input === undefined ? undefined : JSON.stringify(input),
      );
      if (code !== 0) throw new Error(`kubectl ${args.join(" ")}: ${stderr}`);
      return stdout;
    };
    const bystander = await startCapturingWebhook({ names: [`bystander.${namespace}.svc`] });
    stops.push(() => bystander.close());
    const port = await freePort();
    const audiences = {
      service: `https://countersign.${namespace}.svc:${port}/validate/service`,
      url: `https://localhost:${port}/validate/url`,
      bystander: `https://bystander.${namespace}.svc:${bystander.port}/`,
    };
    const serve = await startServe({
      folder,
      port,
      names: [`countersign.${namespace}.svc`],
      issuers: [{ name: "cluster-file", url: issuer, jwksFile: await writeKeys(folder, kubectl) }],
      webhooks: (["service", "url"] as const).map((via) => ({
        path: `/validate/${via}`,
        audiences: [audiences[via]],
        authentication,
        policy: { file: "images.ts" },
      })),
      policies: { "images.ts": policy },
    });
    stops.push(() => serve.stop());
    await kubectl(["apply", "-f", "-"], {
      apiVersion: "v1",
      kind: "List",
      items: [...accountsAndServices(), ...grants(), ...configurations(serve, bystander)],
    });
    const plugin = {
      command: process.execPath,
      args: [
        executable,
        "exec-credential",
        ...pluginFlags,
        `--kubeconfig=${await writeMinter(controlPlane, kubectl)}`,
      ],
    };
    const opted = [`*.${namespace}.svc:${port}`, `localhost:${port}`, `*.${namespace}.svc:${bystander.port}`];
    return {
      controlPlane,
      serve,
      bystander,
      folder,
      audiences,
      plugin,
      kubectl,
      stop,
      restart: (chosen) =>
        controlPlane.restart({
          webhookKubeconfig: chosen === undefined ? undefined : webhookKubeconfig(chosen, opted),
        }),
      runPlugin: (chosen, server) => runPlugin(chosen, server, serve.caBundle),
      createDeployment: (options) => createDeployment(controlPlane, options),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Kubectl = (args: readonly string[], input?: unknown) => Promise<string>;

async function writeKeys(folder: string, kubectl: Kubectl): Promise<string> {
  const file = join(folder, "keys.json");
  writeFileSync(file, await kubectl(["get", "--raw", "/openid/v1/jwks"]));
  return file;
}

/** The plugin reaches the API server as the ServiceAccount whose token it asks for, and may do what `rbac` prints. */
async function writeMinter({ folder, kubeconfigFile }: RealControlPlane, kubectl: Kubectl): Promise<string> {
  const token = (
    await kubectl(["create", "token", serviceAccount.name, "-n", serviceAccount.namespace, "--duration=1h"])
  ).trim();
  const admin = JSON.parse(readFileSync(kubeconfigFile, "utf8")) as Record<string, unknown>;
  const file = join(folder, "minter.kubeconfig");
  writeFileSync(file, JSON.stringify({ ...admin, users: [{ name: "admin", user: { token } }] }), {
    mode: 0o600,
  });
  return file;
}

function accountsAndServices(): readonly object[] {
  const service = (name: string): object => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace },
    spec: { type: "ExternalName", externalName: "localhost" },
  });
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: serviceAccount },
    service("countersign"),
    service("bystander"),
  ];
}

function grants(): readonly object[] {
  const rbac = "rbac.authorization.k8s.io";
  const role = (name: string, rules: readonly object[]): readonly object[] => [
    { apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata: { name }, rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", ...serviceAccount }],
    },
  ];
  const resources = ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"];
  return [
    ...role("webhook-caller-attest", [
      {
        apiGroups: ["authentication.k8s.io"],
        resources: ["admissionReviewAPIGroups"],
        resourceNames: ["*", "apps"],
        verbs: ["attest"],
      },
    ]),
    ...role("webhook-caller-mint", [
      {
        apiGroups: [""],
        resources: ["serviceaccounts/token"],
        resourceNames: [serviceAccount.name],
        verbs: ["create"],
      },
      { apiGroups: ["admissionregistration.k8s.io"], resources, verbs: ["get", "list", "watch"] },
    ]),
  ];
}

function configurations(serve: ServeProcess, bystander: CapturingWebhook): readonly object[] {
  const configuration = (via: string, clientConfig: object, matchLabels: object): object => ({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: `story-${via}` },
    webhooks: ["Fail", "Ignore"].map((failurePolicy) => ({
      name: `${failurePolicy.toLowerCase()}.${via}.example.com`,
      clientConfig,
      failurePolicy,
      rules: [
        { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["deployments"] },
      ],
      objectSelector: { matchLabels: { ...matchLabels, failurePolicy } },
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
    })),
  });
  const service = { name: "countersign", namespace, port: serve.port, path: "/validate/service" };
  return [
    configuration("service", { service, caBundle: serve.caBundle }, { via: "service" }),
    configuration("url", { url: `${serve.url}/validate/url`, caBundle: serve.caBundle }, { via: "url" }),
    configuration(
      "bystander",
      { service: { name: "bystander", namespace, port: bystander.port }, caBundle: bystander.caBundle },
      {},
    ),
  ];
}

function webhookKubeconfig({ command, args }: Plugin, hosts: readonly string[]): string {
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command,
    args,
    interactiveMode: "Never",
    provideClusterInfo: true,
  };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    users: hosts.map((name) => ({ name, user: { exec } })),
  });
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
  const labels = { app: name };
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace, labels: { via, failurePolicy } },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "main", image }] } },
    },
  };
  const finished = await kubectl(["create", "-f", "-"], JSON.stringify(deployment));
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
