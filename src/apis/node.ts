import type { ObjectMeta, TypeMeta } from "./meta.ts";

/** Of `v1` nodes and pods what it takes to find a kubelet. */

export interface NodeAddress {
  readonly type: string;
  readonly address: string;
}

export interface Node extends TypeMeta {
  readonly metadata: ObjectMeta & { readonly name: string };
  readonly status?: {
    readonly addresses?: readonly NodeAddress[];
    readonly daemonEndpoints?: { readonly kubeletEndpoint?: { readonly Port?: number } };
  };
}

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

export interface NamedContainer {
  readonly name: string;
}
