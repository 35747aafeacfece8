import type { Clock } from "../../clock.ts";
import type { ContainerState } from "./container.ts";
import type { ContainerLog } from "./container-log.ts";
import { type KubeletAnswer, plain } from "./kubelet-answer.ts";
import type { PodState } from "./kubelet-pod.ts";
import { decodeLogOptions } from "./log-options.ts";
import { readLog } from "./log-reader.ts";
import type { KubeletCall } from "./router.ts";

export interface ContainerLogsOptions {
  readonly findPod: (namespace: string, name: string) => PodState | undefined;
  readonly clock: Clock;
}

/** GET containerLogs: kubernetes/kubernetes pkg/kubelet/server getContainerLogs, its answers in their order. */
export function answerContainerLogs(
  call: KubeletCall,
  { findPod, clock }: ContainerLogsOptions,
): KubeletAnswer {
  const { namespace = "", pod: podName = "", container: name = "" } = call.parameters;
  if (podName === "") return plain(400, '{"message": "Missing podID."}');
  if (name === "") return plain(400, '{"message": "Missing container name."}');
  if (namespace === "") return plain(400, '{"message": "Missing podNamespace."}');
  const options = decodeLogOptions(call.query);
  if ("message" in options) return plain(options.status, options.message);
  const pod = findPod(namespace, podName);
  if (pod === undefined) return plain(404, `pod ${JSON.stringify(podName)} does not exist`);
  const container = pod.containers.find((each) => each.name === name);
  if (container === undefined)
    return plain(404, `container ${JSON.stringify(name)} not found in pod ${JSON.stringify(podName)}`);
  const { stream = "All" } = options;
  if (stream !== "All")
    return plain(
      400,
      `unable to return the given log stream: "${stream}". Please enable PodLogsQuerySplitStreams feature gate in kubelet`,
    );
  const log = logOf(container, podName, options.previous);
  if (typeof log === "string") return plain(400, log);
  return {
    status: 200,
    headers: {},
    body: readLog(log, { ...options, now: clock.now(), signal: call.signal }),
  };
}

const pullFailures: Readonly<Record<string, string>> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: "trying and failing to pull image",
};

/** The log, or why there is none: pkg/kubelet validateContainerLogStatus. */
function logOf(
  { name, current, previous, waiting = "" }: ContainerState,
  pod: string,
  wantsPrevious: boolean,
): ContainerLog | string {
  const what = `container ${JSON.stringify(name)} in pod ${JSON.stringify(pod)}`;
  if (wantsPrevious) return previous ?? `previous terminated ${what} not found`;
  return current ?? previous ?? `${what} is waiting to start: ${pullFailures[waiting] ?? waiting}`;
}
