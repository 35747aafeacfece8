import { isIP } from "node:net";
import type { Node, NodeAddress } from "../apis/node.ts";
import { KubeletAddressError } from "./kubelet-address-error.ts";

/** kube-apiserver's default of --kubelet-preferred-address-types. */
export const defaultAddressTypes: readonly string[] = [
  "Hostname",
  "InternalDNS",
  "InternalIP",
  "ExternalDNS",
  "ExternalIP",
];

/** Where kubelets listen unless their Node says otherwise. */
const kubeletPort = 10250;

/** Of what a Node says of its kubelet, what is believed. */
export interface ConnectionInfoOptions {
  /** In this order. Default Hostname, InternalDNS, InternalIP, ExternalDNS, ExternalIP. */
  readonly addressTypes?: readonly string[] | undefined;
  /** Which ports a Node may name as its kubelet's. Default 10250 alone. */
  readonly ports?: readonly number[] | undefined;
}

/** Where a node's kubelet listens, as its Node says. */
export interface ConnectionInfo {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * Where to dial for a node: the first of its addresses whose type is preferred, and its kubelet's port, 10250 where it
 * names none. Both are written by whoever may write the Node's status, the node itself first of all, so neither is
 * believed further than `options` and the guard of addresses allow.
 * @throws ERR_KUBELET_ADDRESS.
 */
export function connectionInfo(node: Node, options: ConnectionInfoOptions = {}): ConnectionInfo {
  const { addressTypes = defaultAddressTypes, ports = [kubeletPort] } = options;
  const { addresses = [], daemonEndpoints } = node.status ?? {};
  const refuse = (why: string, told?: string): KubeletAddressError =>
    new KubeletAddressError(node.metadata.name, why, told);
  const host = preferred(addresses, addressTypes);
  if (host === undefined) {
    const told = `no preferred addresses found; known addresses: ${goText(addresses)}`;
    throw refuse(`${told}; kubelet.addressTypes prefers ${addressTypes.join(", ")}`, told);
  }
  if (!isHost(host))
    throw refuse(`its address ${JSON.stringify(host)} is neither a host name nor an address`);
  const named = daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
  const port = named > 0 ? named : kubeletPort;
  if (!ports.includes(port))
    throw refuse(
      `its kubelet's port ${port} is none that may be dialled: kubelet.ports allows ${ports.join(", ")}`,
    );
  return { host, port };
}

function preferred(addresses: readonly NodeAddress[], types: readonly string[]): string | undefined {
  for (const type of types) {
    const found = addresses.find((address) => address.type === type);
    if (found !== undefined) return found.address;
  }
  return undefined;
}

/** No port, no brackets, no zone, nothing that would end a header or a URL's authority. */
function isHost(text: string): boolean {
  if (isIP(text) !== 0) return !text.includes("%");
  return /^[A-Za-z0-9_](?:[-A-Za-z0-9_.]{0,252}[A-Za-z0-9_])?\.?$/.test(text);
}

/** As Go prints a slice of NodeAddress. */
function goText(addresses: readonly NodeAddress[]): string {
  return `[${addresses.map(({ type, address }) => `{${type} ${address}}`).join(" ")}]`;
}
