import type { ObjectMeta, TypeMeta } from "./meta.ts";

/** Of `v1` nodes and pods what it takes to find a kubelet. */

/** One way to reach a node, and what kind it is: `InternalIP`, `Hostname` … */
export interface NodeAddress {
  readonly type: string;
  readonly address: string;
}

/** Where a node and its kubelet are to be found, as the node itself reports. */
export interface Node extends TypeMeta {
  readonly metadata: ObjectMeta & { readonly name: string };
  readonly status?: {
    readonly addresses?: readonly NodeAddress[];
    readonly daemonEndpoints?: { readonly kubeletEndpoint?: { readonly Port?: number } };
  };
}

/** Where a pod runs, and what its containers are called. */
export interface Pod extends TypeMeta {
  readonly metadata: ObjectMeta & { readonly name: string; readonly namespace: string };
  readonly spec?: {
    /** Empty until the pod has been scheduled. */
    readonly nodeName?: string;
    readonly containers?: readonly NamedContainer[];
    readonly initContainers?: readonly NamedContainer[];
    readonly ephemeralContainers?: readonly NamedContainer[];
  };
}

/** Of a container all that a log needs. */
export interface NamedContainer {
  readonly name: string;
}
