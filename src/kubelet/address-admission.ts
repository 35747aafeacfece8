import { isIP } from "node:net";
import type { ResolveHost } from "../transport/kubelet-dial.ts";
import { createAddressGuard, isSameAddress } from "./address-guard.ts";
import { KubeletAddressError } from "./kubelet-address-error.ts";
import type { KubeletPeer } from "./kubelet-connection-error.ts";

/** A name or an address, and a port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** What may be dialled as a kubelet. */
export interface AddressAdmissionOptions {
  /**
   * CIDRs: nothing else is dialled, and what they name is, loopback and link-local included. Default: everything but
   * loopback, link-local, unspecified and multicast addresses.
   */
  readonly addressRanges?: readonly string[] | undefined;
  /** Where the API server listens, every name and address it is known under: never dialled, whatever the ranges say. */
  readonly apiServers?: readonly HostPort[] | undefined;
}

/** Of a node's addresses, looked up just now, those that may be dialled. @throws ERR_KUBELET_ADDRESS where none may. */
export type AddressAdmission = (
  peer: KubeletPeer,
  addresses: readonly string[],
) => Promise<readonly string[]>;

/** @throws ERR_KUBELET_ADDRESS for a range that is no CIDR. */
export function createAddressAdmission(
  { addressRanges, apiServers = [] }: AddressAdmissionOptions,
  resolve: ResolveHost,
): AddressAdmission {
  const guard = createAddressGuard(addressRanges);
  return async (peer, addresses) => {
    const own = await apiServerAddresses(apiServers, peer, resolve);
    const judged = addresses.map((address) => ({
      address,
      fault: own.some((one) => isSameAddress(one, address))
        ? `${address} at port ${peer.port} is the API server itself, which kubelet.addressRanges cannot change`
        : guard(address),
    }));
    const admitted = judged.filter(({ fault }) => fault === undefined);
    if (admitted.length > 0) return admitted.map(({ address }) => address);
    const faults = judged.map(({ fault }) => fault).join("; ");
    throw refusal(peer, faults === "" ? "its name stands for no address" : faults);
  };
}

/** Looked up only where the ports are the same, which for a kubelet they are not. */
async function apiServerAddresses(
  apiServers: readonly HostPort[],
  peer: KubeletPeer,
  resolve: ResolveHost,
): Promise<readonly string[]> {
  const rivals = apiServers.filter(({ port }) => port === peer.port);
  try {
    const lists = rivals.map(async ({ host }) => (isIP(host) === 0 ? await resolve(host) : [host]));
    return (await Promise.all(lists)).flat();
  } catch (cause) {
    const names = rivals.map(({ host }) => host).join(", ");
    throw refusal(
      peer,
      `it cannot be told from the API server, ${names}, which could not be looked up`,
      cause,
    );
  }
}

function refusal({ nodeName, host }: KubeletPeer, why: string, cause?: unknown): KubeletAddressError {
  const text = `its address ${JSON.stringify(host)} is not dialled: ${why}`;
  return new KubeletAddressError(nodeName, text, undefined, cause === undefined ? {} : { cause });
}
