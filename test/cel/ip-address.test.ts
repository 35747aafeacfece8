import { expect } from "chai";
import fc from "fast-check";
import {
  containsAddress,
  formatIPAddress,
  IPAddress,
  maskedCIDR,
  parseCIDR,
  parseIPAddress,
} from "../../src/cel/ip-address.ts";

describe("parseIPAddress", () => {
  for (const [text, canonical] of [
    ["1.2.3.4", "1.2.3.4"],
    ["0.0.0.0", "0.0.0.0"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:DB8::", "2001:db8::"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["0:1:2:3:4:5:6:0", "0:1:2:3:4:5:6:0"],
    ["64:ff9b::1.2.3.4", "64:ff9b::102:304"],
    ["0001:0002::0003", "1:2::3"],
  ] as const)
    it(`reads ${text} and writes ${canonical}`, () =>
      expect(formatIPAddress(parseIPAddress(text))).to.equal(canonical));

  for (const text of [
    "",
    "1.2.3",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.4 ",
    "fe80::1%eth0",
    "::ffff:1.2.3.4",
    "::ffff:102:304",
    ":::",
    "1:2",
    "1::2::3",
    "[::1]",
    "g::",
  ])
    it(`refuses ${JSON.stringify(text)}`, () => expect(() => parseIPAddress(text)).to.throw());

  it("reads what formatIPAddress writes", () => {
    const addresses = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((value) => new IPAddress(4, value)),
      fc
        .array(fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 0xffffn })), {
          minLength: 8,
          maxLength: 8,
        })
        .map(
          (groups) =>
            new IPAddress(
              6,
              groups.reduce((value, group) => value * 65_536n + group, 0n),
            ),
        )
        .filter(({ value }) => value >> 32n !== 0xffffn),
    );
    fc.assert(fc.property(addresses, (address) => parseIPAddress(formatIPAddress(address)).equals(address)));
  });
});

describe("networks", () => {
  for (const [network, inside, outside] of [
    ["10.0.0.0/8", "10.255.255.255", "11.0.0.0"],
    ["10.1.2.3/8", "10.0.0.0", "::a00:0"],
    ["0.0.0.0/0", "255.255.255.255", "::"],
    ["1.2.3.4/32", "1.2.3.4", "1.2.3.5"],
    ["2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"],
    ["::/0", "ffff::", "1.2.3.4"],
  ] as const)
    it(`${network} has ${inside} and not ${outside}`, () => {
      expect(containsAddress(parseCIDR(network), parseIPAddress(inside))).to.equal(true);
      expect(containsAddress(parseCIDR(network), parseIPAddress(outside))).to.equal(false);
    });

  it("lose the bits after their prefix when masked", () =>
    expect(maskedCIDR(parseCIDR("192.168.1.77/26")).equals(parseCIDR("192.168.1.64/26"))).to.equal(true));

  for (const text of [
    "",
    "/",
    "1.2.3.4",
    "1.2.3.4/",
    "1.2.3.4/33",
    "1.2.3.4/-1",
    "1.2.3.4/08",
    "::/129",
    "1.2.3.4/255.0.0.0",
    "/8",
    "::ffff:1.2.3.4/100",
  ])
    it(`refuses ${JSON.stringify(text)}`, () => expect(() => parseCIDR(text)).to.throw());
});
