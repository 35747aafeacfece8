import { expect } from "chai";
import { createAddressGuard, isSameAddress } from "../../src/kubelet/address-guard.ts";

describe("the guard of addresses", () => {
  const guard = createAddressGuard();
  const never = [
    ...["127.0.0.1", "127.255.255.254", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1"],
    ...["169.254.0.1", "169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "febf::1", "FE80::1"],
    ...["0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0"],
    ...["224.0.0.1", "239.255.255.255", "ff02::1", "::ffff:224.0.0.1", "255.255.255.255"],
    // IPv4-compatible, NAT64 and 6to4
    ...["::127.0.0.1", "::10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"],
    // IPv4-translated, NAT64 under a prefix of the network's own, and Teredo
    ...["::ffff:0:127.0.0.1", "64:ff9b:1::7f00:1", "64:ff9b:1:fffe::a9fe:a9fe", "2001:0:102:304::1"],
  ];
  for (const address of never)
    it(`refuses ${address}`, () => {
      expect(guard(address)).to.contain(address).and.contain("kubelet.addressRanges");
    });

  for (const address of [
    "",
    "n1",
    "127.1",
    "0x7f.0.0.1",
    "2130706433",
    "10.0.0.1:22",
    "fe80::1%eth0",
    "fd00::1%lo",
    "[::1]",
  ])
    it(`refuses ${JSON.stringify(address)}, which is no address`, () => {
      expect(guard(address)).to.be.a("string");
      expect(createAddressGuard(["0.0.0.0/0", "::/0"])(address)).to.be.a("string");
    });

  for (const address of [
    "10.0.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "8.8.8.8",
    "fd00::1",
    "2001:db8::1",
    "::ffff:10.0.0.1",
    "64:ff9b::10.0.0.1",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "fec0::1",
  ])
    it(`lets ${address} pass`, () => {
      expect(guard(address)).to.equal(undefined);
    });

  describe("with ranges", () => {
    const ranged = createAddressGuard(["10.0.0.0/8", "127.0.0.1/32", "fd00:1::/32"]);
    for (const address of [
      "10.0.0.0",
      "10.255.255.255",
      "127.0.0.1",
      "::ffff:10.1.1.1",
      "::ffff:127.0.0.1",
      "fd00:1::1",
    ])
      it(`lets ${address} pass, which one names`, () => {
        expect(ranged(address)).to.equal(undefined);
      });
    for (const address of [
      "11.0.0.0",
      "127.0.0.2",
      "169.254.169.254",
      "fd00:2::1",
      "::1",
      "8.8.8.8",
      "::ffff:8.8.8.8",
    ])
      it(`refuses ${address}, which none names`, () => {
        expect(ranged(address)).to.equal(`${address} is in none of kubelet.addressRanges`);
      });
  });

  for (const range of [
    "10.0.0.0",
    "10.0.0.0/33",
    "fd00::/129",
    "/8",
    "10.0.0/8",
    "n1/8",
    "10.0.0.0/-1",
    "10.0.0.0/8 ",
    "fe80::%eth0/10",
    "::/",
  ])
    it(`does not begin with ${JSON.stringify(range)}, which is no CIDR`, () => {
      expect(() => createAddressGuard(["10.0.0.0/8", range]))
        .to.throw("kubelet.addressRanges")
        .with.property("code", "ERR_KUBELET_ADDRESS");
    });

  it("knows one address however it is written", () => {
    const same = [
      ["10.0.0.1", "10.0.0.1"],
      ["10.0.0.1", "::ffff:10.0.0.1"],
      ["::ffff:a00:1", "10.0.0.1"],
      ["FD00::1", "fd00:0:0::1"],
    ] as const;
    for (const [one, other] of same) expect(isSameAddress(one, other), `${one} ${other}`).to.equal(true);
    const others = [
      ["10.0.0.1", "10.0.0.2"],
      ["fd00::1", "fd00::2"],
      ["n1", "n1"],
      ["fe80::1%a", "fe80::1%a"],
      ["10.0.0.1", "::10.0.0.1"],
    ] as const;
    for (const [one, other] of others) expect(isSameAddress(one, other), `${one} ${other}`).to.equal(false);
  });
});
