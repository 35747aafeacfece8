import { expect } from "chai";
import { ask } from "../contract/kubelet/kubelet-request.ts";
import type { ContainerOnTarget, KubeletTarget, PodOnTarget } from "../contract/kubelet/kubelet-target.ts";
import { addresses } from "../rig/node/addresses.ts";
import type { NodeCluster } from "../rig/node/node-cluster.ts";
import { poll } from "../rig/poll.ts";
import { nextTag, type SharedNode } from "./shared-node.ts";

/** In every image of ours. */
const nodeProgram = "/nodejs/bin/node";

/** The kubelet of the shared node. Its pods run node from our image: they write what they are told, and end where they are told. */
export function kubeletTarget({ cluster, kubectl, api }: SharedNode): KubeletTarget {
  const { kubeletUrl: url, caPem, authority } = cluster;
  const administrator = authority.issue({ commonName: "administrator", organization: "system:masters" });
  const logOf = async ({ namespace, name }: PodOnTarget, container: string): Promise<string> =>
    (
      await ask({ url, caPem }, `/containerLogs/${namespace}/${name}/${container}`, {
        certificate: administrator,
      })
    ).text;
  const inside = async (
    { namespace, name }: PodOnTarget,
    container: string,
    program: string,
  ): Promise<void> => {
    const where = [`--namespace=${namespace}`, name, `--container=${container}`];
    await cluster.kubectl(["exec", ...where, "--", nodeProgram, "--eval", program]);
  };
  const untilWritten = (pod: PodOnTarget, container: string, text: string): Promise<true> =>
    poll(`${container} to write ${JSON.stringify(text)}`, async () =>
      (await logOf(pod, container)).endsWith(text) ? true : undefined,
    );
  return {
    ...{ url, caPem, api },
    nodeName: addresses.node,
    issue: (options) => authority.issue(options),
    async runPod(pod) {
      await untilCreated(cluster, pod);
      for (const [name, container] of Object.entries(pod.containers)) {
        await untilSettled(cluster, pod, name, container);
        if (!container.neverStarts) await untilWritten(pod, name, container.log ?? "");
      }
    },
    async append(pod, container, text) {
      await inside(pod, container, `fs.appendFileSync("/proc/1/fd/1", ${JSON.stringify(text)})`);
      await untilWritten(pod, container, text);
    },
    async restart(pod, container) {
      const before = await restartsOf(cluster, pod, container);
      await inside(pod, container, "process.kill(1)");
      await poll(`${container} to run again`, async () =>
        (await restartsOf(cluster, pod, container)) > before ? true : undefined,
      );
      await untilSettled(cluster, pod, container, {});
      await untilWritten(pod, container, pod.containers[container]?.log ?? "");
    },
    async remove({ namespace, name }) {
      await kubectl(["delete", "pod", name, `--namespace=${namespace}`, "--now", "--wait=false"]);
    },
    stop: async () => undefined,
  };
}

/** A namespace's ServiceAccount, which every pod has, is there a while after the namespace. */
async function untilCreated(cluster: NodeCluster, pod: PodOnTarget): Promise<void> {
  await poll("the pod to be taken", async () => {
    const { code, stderr } = await cluster.kubectl(["create", "-f", "-"], JSON.stringify(manifest(pod)));
    if (code !== 0) expect(stderr).to.contain("serviceaccount");
    return code === 0 || undefined;
  });
}

/** Root, as only that may write to the first process's output. */
function manifest({ namespace, name, containers }: PodOnTarget): object {
  const all = Object.entries(containers);
  const only = (init: boolean) => all.filter(([, container]) => (container.init ?? false) === init);
  const specs = (entries: typeof all) => entries.map(([each, container]) => containerSpec(each, container));
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsUser: 0 },
      initContainers: specs(only(true)),
      containers: specs(only(false)),
    },
  };
}

function containerSpec(name: string, { log = "", init, neverStarts }: ContainerOnTarget): object {
  const stay = init ? "" : `;process.on("SIGTERM",()=>process.exit());setInterval(()=>{},1e6)`;
  return {
    name,
    image: neverStarts ? "localhost/none:1" : `countersign:${nextTag}`,
    imagePullPolicy: "Never",
    command: [nodeProgram, "--eval", `process.stdout.write(${JSON.stringify(log)})${stay}`],
  };
}

interface ContainerStatus {
  readonly name: string;
  readonly restartCount: number;
  readonly state: {
    readonly running?: object;
    readonly terminated?: object;
    readonly waiting?: { readonly reason?: string };
  };
}

async function statusOf(
  cluster: NodeCluster,
  { namespace, name }: PodOnTarget,
  container: string,
): Promise<ContainerStatus | undefined> {
  const { stdout } = await cluster.kubectl(["get", "pod", name, `--namespace=${namespace}`, "--output=json"]);
  const { status } = JSON.parse(stdout) as {
    readonly status: Readonly<Record<string, readonly ContainerStatus[] | undefined>>;
  };
  const all = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])];
  return all.find((each) => each.name === container);
}

async function restartsOf(cluster: NodeCluster, pod: PodOnTarget, container: string): Promise<number> {
  return (await statusOf(cluster, pod, container))?.restartCount ?? 0;
}

async function untilSettled(
  cluster: NodeCluster,
  pod: PodOnTarget,
  container: string,
  { init, neverStarts }: ContainerOnTarget,
): Promise<void> {
  await poll(
    `${container} of ${pod.name} to settle`,
    async () => {
      const state = (await statusOf(cluster, pod, container))?.state;
      if (neverStarts) return state?.waiting?.reason === "ErrImageNeverPull" || undefined;
      return (init ? state?.terminated : state?.running) !== undefined || undefined;
    },
    { timeoutMs: 60_000 },
  );
}
