import { randomUUID } from "node:crypto";
import { formatTime } from "../../apis/time.ts";
import type { Clock } from "../../clock.ts";
import type { ApiObject, JsonObject } from "../objects/api-object.ts";
import { type ContainerOptions, type ContainerState, createContainer, image } from "./container.ts";

/** A pod that a test wants to run. */
export interface KubeletPodOptions {
  /** Default `default`. It has to be there where the kubelet has a control plane. */
  readonly namespace?: string;
  readonly name: string;
  /** By name. Default: one that is called `app` and has written nothing. */
  readonly containers?: Readonly<Record<string, ContainerOptions>>;
}

/** A pod as the kubelet sees it. */
export interface PodState {
  readonly namespace: string;
  readonly name: string;
  readonly containers: readonly ContainerState[];
  /** Without its status, as its author writes it. */
  manifest(nodeName: string): ApiObject;
  status(hostIP: string): JsonObject;
}

export function createPod(
  { namespace = "default", name, containers = { app: {} } }: KubeletPodOptions,
  clock: Clock,
): PodState {
  const all = Object.entries(containers).map(([each, options]) => createContainer(each, options, clock));
  const specs = (init: boolean): JsonObject[] =>
    all.filter((container) => container.init === init).map((container) => ({ name: container.name, image }));
  const statuses = (init: boolean): JsonObject[] =>
    all.filter((container) => container.init === init).map((container) => container.status());
  const identity = { uid: randomUUID(), creationTimestamp: formatTime(clock.now()) };
  return {
    namespace,
    name,
    containers: all,
    manifest: (nodeName) => ({
      kind: "Pod",
      apiVersion: "v1",
      metadata: { name, namespace, ...identity },
      spec: {
        nodeName,
        containers: specs(false),
        ...(specs(true).length > 0 && { initContainers: specs(true) }),
      },
    }),
    status: (hostIP) => ({
      phase: all.some(({ waiting }) => waiting !== undefined) ? "Pending" : "Running",
      hostIP,
      startTime: identity.creationTimestamp,
      ...(specs(true).length > 0 && { initContainerStatuses: statuses(true) }),
      containerStatuses: statuses(false),
    }),
  };
}
