import { startControlPlane } from "../../../src/testing/control-plane.ts";
import { startKubelet } from "../../../src/testing/kubelet/kubelet.ts";
import type { KubeletPod } from "../../../src/testing/kubelet/running-pod.ts";
import { createApiClient } from "../../rig/api-client.ts";
import { describeKubeletContract } from "./kubelet-contract.ts";
import type { ContainerOnTarget, KubeletTarget, PodOnTarget } from "./kubelet-target.ts";

describeKubeletContract("the embedded kubelet", async (): Promise<KubeletTarget> => {
  const controlPlane = await startControlPlane();
  const kubelet = await startKubelet({
    controlPlane,
    authentication: { cacheTTLMs: 1_000 },
    authorization: { authorizedTTLMs: 1_000, unauthorizedTTLMs: 1_000 },
  });
  const { url, caPem, adminToken } = controlPlane;
  const api = createApiClient({ url, caPem, token: adminToken });
  const pods = new Map<PodOnTarget, KubeletPod>();
  const running = (pod: PodOnTarget): KubeletPod => pods.get(pod)!;
  return {
    url: kubelet.url,
    ...{ caPem, api },
    nodeName: kubelet.nodeName,
    issue: (options) => controlPlane.certificateAuthority.issue(options),
    async runPod(pod) {
      const containers = Object.entries(pod.containers).map(([name, container]) => [
        name,
        optionsOf(container),
      ]);
      pods.set(pod, await kubelet.runPod({ ...pod, containers: Object.fromEntries(containers) }));
    },
    append: async (pod, container, text) => running(pod).container(container).append(text),
    async restart(pod, container) {
      await running(pod).startContainer(container);
      running(pod)
        .container(container)
        .append(pod.containers[container]?.log ?? "");
    },
    remove: (pod) => running(pod).remove(),
    async stop() {
      api.close();
      await kubelet.stop();
      await controlPlane.stop();
    },
  };
});

function optionsOf({ log, init, neverStarts }: ContainerOnTarget): object {
  return {
    ...(log !== undefined && { log }),
    ...(init !== undefined && { init }),
    ...(neverStarts && { waiting: "ErrImageNeverPull" }),
  };
}
