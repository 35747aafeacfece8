import type { TLSSocket } from "node:tls";
import { type Clock, systemClock } from "../clock.ts";
import { createHostLookup } from "../transport/host-lookup.ts";
import { dialKubelet, type ResolveHost, resolveHost } from "../transport/kubelet-dial.ts";
import { type AddressAdmissionOptions, createAddressAdmission } from "./address-admission.ts";
import type { KubeletPeer } from "./kubelet-connection-error.ts";
import type { KubeletIdentity } from "./kubelet-identity.ts";
import type { KubeletTransport } from "./kubelet-transport.ts";
import { verifyKubelet } from "./kubelet-verification.ts";

/** What may be dialled, and who has to be there. */
export interface KubeletDialsOptions extends AddressAdmissionOptions {
  /**
   * Whether a verified connection has to end at `system:node:NAME` of `system:nodes` (KEP-4872): a node can have any
   * address written into its Node, but a certificate only in its own name. Default `verify`.
   */
  readonly nodeNames?: "verify" | "ignore" | undefined;
  /** Default: the machine's own resolver. Asked once for all who wait for a name; its failure stands for 5 s. */
  readonly resolve?: ResolveHost | undefined;
  /** What those are counted by. Default: the machine's own. */
  readonly clock?: Clock | undefined;
}

export interface KubeletTarget {
  readonly peer: KubeletPeer;
  readonly transport: KubeletTransport;
  readonly identity: KubeletIdentity;
  readonly allowHalfOpen?: boolean;
}

export interface KubeletDials {
  /** Opens a connection to a peer, once it is known to be the one that is meant. */
  to(target: KubeletTarget): (signal: AbortSignal) => Promise<TLSSocket>;
  close(): void;
}

/** @throws ERR_KUBELET_ADDRESS for a range that is no CIDR. */
export function createKubeletDials({
  resolve: asked = resolveHost,
  clock = systemClock,
  nodeNames = "verify",
  ...options
}: KubeletDialsOptions): KubeletDials {
  const { resolve, close } = createHostLookup({ resolve: asked, clock });
  const admit = createAddressAdmission(options, resolve);
  const verify = {
    verified: (socket: TLSSocket, peer: KubeletPeer) => verifyKubelet(socket, peer, nodeNames),
    insecure: () => undefined,
  };
  return {
    to({ peer, transport, identity, allowHalfOpen = false }) {
      const dial = {
        ...{ host: peer.host, port: peer.port, secureContext: identity.contexts[transport] },
        ...{ resolve, allowHalfOpen },
        admit: (addresses: readonly string[]) => admit(peer, addresses),
        verify: (socket: TLSSocket) => verify[transport](socket, peer),
      };
      return (signal) => dialKubelet(dial, signal);
    },
    close,
  };
}
