import type { KubeletContainer } from "./container.ts";
import type { PodState } from "./kubelet-pod.ts";

/** A pod on a kubelet, and what may happen to it. Where there is a control plane its status is written there. */
export interface KubeletPod {
  readonly namespace: string;
  readonly name: string;
  /** @throws RangeError where the pod has none of that name. */
  container(name: string): KubeletContainer;
  /** Starts the container, again where it runs: its log is the previous one from then on, and a new one begins. */
  startContainer(name: string): Promise<void>;
  /** Ends the container; its log can be read, and is followed no longer. */
  terminateContainer(name: string): Promise<void>;
  remove(): Promise<void>;
}

export interface RunningPodOptions {
  readonly writeStatus: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

export function createRunningPod(pod: PodState, { writeStatus, remove }: RunningPodOptions): KubeletPod {
  const find = (name: string): PodState["containers"][number] => {
    const found = pod.containers.find((container) => container.name === name);
    if (found === undefined) throw new RangeError(`pod ${pod.name} has no container ${name}`);
    return found;
  };
  return {
    namespace: pod.namespace,
    name: pod.name,
    container: find,
    async startContainer(name) {
      find(name).start();
      await writeStatus();
    },
    async terminateContainer(name) {
      find(name).terminate();
      await writeStatus();
    },
    async remove() {
      for (const container of pod.containers) container.terminate();
      await remove();
    },
  };
}
