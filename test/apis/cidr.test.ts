import { expect } from "chai";
import { parseCIDR } from "../../src/apis/cidr.ts";

describe("a CIDR", () => {
  const read: readonly [string, string, number, "ipv4" | "ipv6"][] = [
    ["10.0.0.0/8", "10.0.0.0", 8, "ipv4"],
    ["0.0.0.0/0", "0.0.0.0", 0, "ipv4"],
    ["192.0.2.1/32", "192.0.2.1", 32, "ipv4"],
    ["fd00::/8", "fd00::", 8, "ipv6"],
    ["::1/128", "::1", 128, "ipv6"],
    ["::ffff:10.0.0.0/104", "::ffff:10.0.0.0", 104, "ipv6"],
  ];
  for (const [text, address, bits, family] of read)
    it(`is read of ${text}`, () => expect(parseCIDR(text)).to.deep.equal({ address, bits, family }));

  const none = {
    "an address alone": "10.0.0.0",
    "no bits": "10.0.0.0/",
    "more bits than the address has": "10.0.0.0/33",
    "more bits than any address has": "fd00::/129",
    "bits that are no number": "10.0.0.0/8x",
    "less than none": "10.0.0.0/-1",
    "a zone, which a comparison would look past": "fe80::1%eth0/64",
    "a zone that hides among the bits": "fe80::1/64%eth0",
    "a name": "localhost/8",
    "part of an address": "10.0/8",
    "space around it": " 10.0.0.0/8",
    "a line more": "10.0.0.0/8\n",
    nothing: "",
  };
  for (const [what, text] of Object.entries(none))
    it(`is not ${what}`, () => expect(parseCIDR(text)).to.equal(undefined));
});
