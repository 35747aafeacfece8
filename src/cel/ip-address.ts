import { isIPv4, isIPv6 } from "node:net";
import { EvaluationError } from "@marcbachmann/cel-js";
import type { CelObject } from "./cel-values.ts";

/** An IPv4 or IPv6 address as a number. */
export class IPAddress implements CelObject {
  readonly family: 4 | 6;
  readonly value: bigint;
  constructor(family: 4 | 6, value: bigint) {
    this.family = family;
    this.value = value;
  }
  equals(other: unknown): boolean {
    return other instanceof IPAddress && other.family === this.family && other.value === this.value;
  }
}

/** A network: an address, whose bits after the prefix are kept, and the length of the prefix. */
export class CIDR implements CelObject {
  readonly address: IPAddress;
  readonly prefixLength: number;
  constructor(address: IPAddress, prefixLength: number) {
    this.address = address;
    this.prefixLength = prefixLength;
  }
  equals(other: unknown): boolean {
    return (
      other instanceof CIDR && other.prefixLength === this.prefixLength && other.address.equals(this.address)
    );
  }
}

/** The longest there is: eight groups of four, or six and an IPv4 address. */
const maxLength = 45;

/**
 * Reads an address. Without a zone, and not an IPv4 address written as an IPv6 one, as upstream.
 * @throws EvaluationError
 */
export function parseIPAddress(text: string): IPAddress {
  if (text.length <= maxLength && isIPv4(text)) return new IPAddress(4, bytesValue(text.split(".")));
  if (text.length > maxLength || text.includes("%") || !isIPv6(text))
    throw new EvaluationError("not an IP address, or one with a zone");
  const value = groupsValue(text);
  if (value >> 32n === 0xffffn) throw new EvaluationError("IPv4-mapped IPv6 address is not allowed");
  return new IPAddress(6, value);
}

function bytesValue(bytes: readonly string[]): bigint {
  return bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
}

function groupsValue(text: string): bigint {
  const hexadecimal = text.replace(/[0-9]+\.[0-9.]+$/, (dotted) => {
    const value = bytesValue(dotted.split("."));
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [head = "", tail] = hexadecimal.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].reduce((value, group) => value * 65_536n + BigInt(`0x${group}`), 0n);
}

/** As RFC 5952 writes it: the longest run of at least two zero groups as `::`. */
export function formatIPAddress({ family, value }: IPAddress): string {
  if (family === 4) return groupsOf(value, 4, 8n, 10).join(".");
  const whole = `:${groupsOf(value, 8, 16n, 16).join(":")}:`;
  const runs = whole.match(/:(?:0:){2,}/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), "");
  const compressed = longest === "" ? whole : whole.replace(longest, "::");
  return compressed.replace(/^:(?!:)/, "").replace(/(?<!:):$/, "");
}

function groupsOf(value: bigint, count: number, bits: bigint, radix: number): string[] {
  const mask = (1n << bits) - 1n;
  return Array.from({ length: count }, (_, index) =>
    ((value >> (BigInt(count - 1 - index) * bits)) & mask).toString(radix),
  );
}

/** @throws EvaluationError where the text is no address and prefix length. */
export function parseCIDR(text: string): CIDR {
  const slash = text.lastIndexOf("/");
  const address = parseIPAddress(slash === -1 ? "" : text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (!/^(0|[1-9][0-9]{0,2})$/.test(length) || Number(length) > (address.family === 4 ? 32 : 128))
    throw new EvaluationError("not a network: bad prefix length");
  return new CIDR(address, Number(length));
}

export function maskedCIDR({ address, prefixLength }: CIDR): CIDR {
  const hostBits = BigInt((address.family === 4 ? 32 : 128) - prefixLength);
  return new CIDR(new IPAddress(address.family, (address.value >> hostBits) << hostBits), prefixLength);
}

export function containsAddress(network: CIDR, address: IPAddress): boolean {
  const moved = maskedCIDR(
    new CIDR(address, Math.min(network.prefixLength, address.family === 4 ? 32 : 128)),
  );
  return network.address.family === address.family && moved.address.equals(maskedCIDR(network).address);
}
