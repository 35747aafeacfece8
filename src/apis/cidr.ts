import { isIP } from "node:net";

/** A range of addresses, as `10.0.0.0/8` or `fd00::/8` write it. */
export interface CIDR {
  readonly address: string;
  /** How many of the address's bits all of the range share. */
  readonly bits: number;
  readonly family: "ipv4" | "ipv6";
}

/** `undefined` where the text is none: an address alone, one with a zone, more bits than the address has. */
export function parseCIDR(text: string): CIDR | undefined {
  const [, address = "", bits = ""] = /^([^/%]+)\/(\d{1,3})$/.exec(text) ?? [];
  const version = isIP(address);
  if (version === 0 || Number(bits) > (version === 4 ? 32 : 128)) return undefined;
  return { address, bits: Number(bits), family: version === 4 ? "ipv4" : "ipv6" };
}
