import { badRequest } from "../apis/answer-status.ts";
import type { NamedContainer, Pod } from "../apis/node.ts";
import { apiPath } from "../transport/rest-client.ts";
import { encodePodLogOptions, type PodLogOptions } from "./pod-log-options.ts";

/** Where a pod's log is read. */
export interface PodLogLocation {
  /** As the Pod has it: who asks has no say in it. Undefined where the pod runs nowhere yet. */
  readonly nodeName: string | undefined;
  /** Path and query at the kubelet. */
  readonly path: string;
}

/**
 * Where the log of a pod's container is: kube-apiserver's LogLocation.
 * @throws AnswerStatusError: ERR_REQUEST_INVALID (400) where no container is named and there is not exactly one, or there is
 * none of that name.
 */
export function podLogLocation(pod: Pod, options: PodLogOptions): PodLogLocation {
  const { namespace, name } = pod.metadata;
  const container = chosenContainer(pod, options.container);
  const { nodeName = "" } = pod.spec ?? {};
  return {
    nodeName: nodeName === "" ? undefined : nodeName,
    path: `${apiPath("containerLogs", namespace, name, container)}${encodePodLogOptions(options)}`,
  };
}

function chosenContainer({ metadata: { name: pod }, spec = {} }: Pod, wanted: string): string {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec;
  const all = names([...initContainers, ...containers, ...ephemeralContainers]);
  if (wanted !== "") {
    if (all.includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${pod}`);
  }
  const [only, ...more] = names(containers);
  if (only !== undefined && more.length === 0) return only;
  const choice = only === undefined ? "" : `, choose one of: [${all.join(" ")}]`;
  throw badRequest(`a container name must be specified for pod ${pod}${choice}`);
}

function names(containers: readonly NamedContainer[]): string[] {
  return containers.map(({ name }) => name);
}
