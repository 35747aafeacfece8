import { expect } from "chai";
import { isDNSLabel, isDNSSubdomain } from "../../src/apis/dns-name.ts";

describe("isDNSLabel", () => {
  for (const text of ["a", "0", "kube-system", "a--b", "a".repeat(63)])
    it(`takes ${text}`, () => expect(isDNSLabel(text)).to.equal(true));

  for (const text of ["", "A", "SHOP!", "-a", "a-", "a.b", "a b", "a\n", "ä", "a".repeat(64)])
    it(`refuses ${JSON.stringify(text)}`, () => expect(isDNSLabel(text)).to.equal(false));
});

describe("isDNSSubdomain", () => {
  for (const text of ["a", "node-1", "10.0.0.1", "ip-10-0-0-1.eu.internal", "a".repeat(253)])
    it(`takes ${text}`, () => expect(isDNSSubdomain(text)).to.equal(true));

  for (const text of ["", "Node-1", "Node 1", ".", "a.", ".a", "a..b", "a.-b", "a_b", "a\n", "a".repeat(254)])
    it(`refuses ${JSON.stringify(text)}`, () => expect(isDNSSubdomain(text)).to.equal(false));
});
