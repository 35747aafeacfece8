import { BlockList, isIP } from "node:net";
import { parseCIDR } from "../apis/cidr.ts";
import { CountersignError } from "../errors.ts";

/** Why an address must not be dialled as a kubelet; undefined where it may. */
export type AddressGuard = (address: string) => string | undefined;

/** What is never another machine, or is many (RFC 6890, RFC 4291). Clouds' metadata services are link-local. */
const neverANode = {
  ipv4: ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32"],
  // IPv4-mapped addresses are judged by the rules for IPv4; ::/96 has the unspecified address, loopback and the
  // IPv4-compatible ones, 2002::/16 is 6to4, 64:ff9b::/96 is NAT64; what else stands for an IPv4 address that cannot be
  // seen in it, or by a rule of the network's own: ::ffff:0:0:0/96 (RFC 7915), 64:ff9b:1::/48 (RFC 8215), Teredo
  ipv6: [
    ...["::/96", "fe80::/10", "ff00::/8", "2002::/16"],
    ...["::ffff:0:0:0/96", "64:ff9b:1::/48", "2001::/32"],
  ],
};
const natPrefix = "64:ff9b::";

/**
 * Judges addresses, never names. `addressRanges` are CIDRs: where there are any, nothing else is dialled, and what they
 * name is, loopback and link-local included. Without, everything but loopback, link-local, unspecified and
 * multicast addresses, also where one is written inside an IPv6 address.
 * @throws ERR_KUBELET_ADDRESS for a range that is no CIDR.
 */
export function createAddressGuard(addressRanges: readonly string[] = []): AddressGuard {
  const allowed = rangeList(addressRanges);
  return (address) => {
    if (addressRanges.length > 0)
      return contains(allowed, address) ? undefined : `${address} is in none of kubelet.addressRanges`;
    return !isAddress(address) || contains(refused, address)
      ? `${address} is loopback, link-local, unspecified or multicast, which is dialled only where kubelet.addressRanges names it`
      : undefined;
  };
}

/** Whether two texts are one address, an IPv4 one written as IPv6 included. */
export function isSameAddress(one: string, other: string): boolean {
  if (!isAddress(one)) return false;
  const list = new BlockList();
  list.addAddress(one, isIP(one) === 4 ? "ipv4" : "ipv6");
  return contains(list, other);
}

/** A zone, as in `fe80::1%eth0`, would be looked past: nobody has any business naming one. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes("%");
}

function contains(list: BlockList, address: string): boolean {
  return isAddress(address) && list.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
}

function rangeList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const cidr = parseCIDR(range);
    if (cidr === undefined)
      throw new CountersignError(
        "ERR_KUBELET_ADDRESS",
        `kubelet.addressRanges: ${JSON.stringify(range)} is no CIDR such as 10.0.0.0/8 or fd00::/8`,
      );
    list.addSubnet(cidr.address, cidr.bits, cidr.family);
  }
  return list;
}

const refused = rangeList([
  ...neverANode.ipv4,
  ...neverANode.ipv6,
  ...neverANode.ipv4.map((range) => {
    const [address, bits] = range.split("/");
    return `${natPrefix}${address}/${96 + Number(bits)}`;
  }),
]);
