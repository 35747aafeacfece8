import { type CelLibrary, celFunction } from "./cel-function.ts";
import { traversal } from "./cel-values.ts";
import {
  CIDR,
  containsAddress,
  formatIPAddress,
  IPAddress,
  maskedCIDR,
  parseCIDR,
  parseIPAddress,
} from "./ip-address.ts";

class IPNamespace {}

const cost = (text: string): number => traversal(text);

/** Kubernetes' ip and cidr libraries. */
export const ipLibrary: CelLibrary = {
  types: [
    { name: "net.IP", valueClass: IPAddress, fields: {} },
    { name: "net.CIDR", valueClass: CIDR, fields: {} },
  ],
  namespaces: { ip: { name: "ip.Namespace", valueClass: IPNamespace } },
  functions: [
    celFunction("ip(string): net.IP", parseIPAddress, cost),
    celFunction("isIP(string): bool", (text: string) => parses(parseIPAddress, text), cost),
    celFunction("string(net.IP): string", formatIPAddress),
    celFunction("ip.Namespace.isCanonical(string): bool", (_: unknown, text: string) => isCanonical(text)),
    celFunction("net.IP.family(): int", ({ family }: IPAddress) => BigInt(family)),
    celFunction("net.IP.isUnspecified(): bool", ({ value }: IPAddress) => value === 0n),
    celFunction("net.IP.isLoopback(): bool", within("127.0.0.0/8", "::1/128")),
    celFunction("net.IP.isLinkLocalMulticast(): bool", within("224.0.0.0/24", "ff02::/16")),
    celFunction("net.IP.isLinkLocalUnicast(): bool", within("169.254.0.0/16", "fe80::/10")),
    celFunction("net.IP.isGlobalUnicast(): bool", isGlobalUnicast),
    celFunction("cidr(string): net.CIDR", parseCIDR, cost),
    celFunction("isCIDR(string): bool", (text: string) => parses(parseCIDR, text), cost),
    celFunction("string(net.CIDR): string", formatCIDR),
    celFunction("net.CIDR.ip(): net.IP", ({ address }: CIDR) => address),
    celFunction("net.CIDR.prefixLength(): int", ({ prefixLength }: CIDR) => BigInt(prefixLength)),
    celFunction("net.CIDR.masked(): net.CIDR", maskedCIDR),
    celFunction("net.CIDR.containsIP(net.IP): bool", containsAddress),
    celFunction("net.CIDR.containsIP(string): bool", (network: CIDR, text: string) =>
      containsAddress(network, parseIPAddress(text)),
    ),
    celFunction("net.CIDR.containsCIDR(net.CIDR): bool", containsCIDR),
    celFunction("net.CIDR.containsCIDR(string): bool", (network: CIDR, text: string) =>
      containsCIDR(network, parseCIDR(text)),
    ),
  ],
};

function parses(parse: (text: string) => unknown, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

function isCanonical(text: string): boolean {
  return formatIPAddress(parseIPAddress(text)) === text;
}

function formatCIDR({ address, prefixLength }: CIDR): string {
  return `${formatIPAddress(address)}/${prefixLength}`;
}

function containsCIDR(network: CIDR, other: CIDR): boolean {
  return network.prefixLength <= other.prefixLength && containsAddress(network, other.address);
}

function within(...networks: readonly string[]): (address: IPAddress) => boolean {
  const parsed = networks.map(parseCIDR);
  return (address) => parsed.some((network) => containsAddress(network, address));
}

const notGlobal = within(
  "0.0.0.0/32",
  "255.255.255.255/32",
  "::/128",
  "127.0.0.0/8",
  "::1/128",
  "224.0.0.0/4",
  "ff00::/8",
  "169.254.0.0/16",
  "fe80::/10",
);

/** As Go: neither unspecified, broadcast, loopback, multicast nor link-local; private networks are. */
function isGlobalUnicast(address: IPAddress): boolean {
  return !notGlobal(address);
}
