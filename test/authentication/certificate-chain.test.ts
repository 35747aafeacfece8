import { expect } from "chai";
import { findCertificateChain } from "../../src/authentication/certificate-chain.ts";
import { bitString, contextSpecific, objectIdentifier, sequence } from "../../src/certificates/der.ts";
import {
  type CertificateParts,
  clientAuth,
  extension,
  makeKey,
  rootCertificate,
  serverAuth,
  type TestCertificate,
} from "./certificates.ts";
import { noon } from "./minting.ts";

const root = rootCertificate();
const forger = rootCertificate();
const caParts = (name: string, more: CertificateParts = {}): CertificateParts => ({
  commonNames: [name],
  ca: true,
  usages: undefined,
  ...more,
});

/** How many certificates the chain has; 0 where there is none. */
function lengthOf(
  leaf: TestCertificate,
  intermediates: readonly TestCertificate[] = [],
  roots: readonly TestCertificate[] = [root],
  now = noon,
): number {
  const certificates = (list: readonly TestCertificate[]) => list.map(({ certificate }) => certificate);
  const chain = findCertificateChain({
    leaf: leaf.certificate,
    intermediates: certificates(intermediates),
    roots: certificates(roots),
    now: now * 1000,
  });
  return chain?.length ?? 0;
}

describe("findCertificateChain", () => {
  const leaf = root.issue();

  it("leads from the leaf to a root", () => expect(lengthOf(leaf)).to.equal(2));

  it("finds the root among several, also of one name", () =>
    expect(lengthOf(leaf, [], [forger, rootCertificate({ commonNames: ["x"] }), root])).to.equal(2));

  it("leads over intermediates, in whatever order they came and whatever came with them", () => {
    const first = root.issue(caParts("first"));
    const second = first.issue(caParts("second"));
    const far = second.issue();
    expect(lengthOf(far, [first, second])).to.equal(4);
    expect(lengthOf(far, [forger, second, root, leaf, first])).to.equal(4);
    expect(lengthOf(far, [second])).to.equal(0);
    expect(lengthOf(far, [first])).to.equal(0);
  });

  describe("goes on without what cannot be read", () => {
    const unknown = sequence(objectIdentifier("1.3.6.1.4.1.99999.1"));
    const point = bitString(Buffer.alloc(65, 4));
    const unread = {
      "a key of an unknown algorithm": { publicKeyInfo: sequence(unknown, point) },
      "a key on an unknown curve": {
        publicKeyInfo: sequence(
          sequence(objectIdentifier("1.2.840.10045.2.1"), objectIdentifier("1.3.6.1.4.1.99999.2")),
          point,
        ),
      },
      "an extension that is cut short": { extensions: [extension("2.5.29.37", Buffer.of(0x30, 0x82, 0x01))] },
      "an empty extension": { extensions: [extension("2.5.29.14", Buffer.alloc(0))] },
    } satisfies Record<string, CertificateParts>;
    for (const [what, parts] of Object.entries(unread))
      it(what, () => {
        const odd = rootCertificate({ commonNames: ["odd"], ...parts });
        expect(lengthOf(leaf, [], [odd, root]), "among the CAs").to.equal(2);
        expect(lengthOf(leaf, [odd]), "among what was sent").to.equal(2);
        expect(lengthOf(root.issue(parts)), "of the caller").to.equal(0);
      });
  });

  it("trusts an intermediate that is listed as a root", () => {
    const intermediate = root.issue(caParts("intermediate"));
    expect(lengthOf(intermediate.issue(), [], [intermediate])).to.equal(2);
  });

  it("does not trust a root that only the peer brought", () => {
    expect(lengthOf(forger.issue(), [forger])).to.equal(0);
    expect(lengthOf(leaf, [root], [])).to.equal(0);
  });

  it("does not take a forger's certificate of the root's name", () =>
    expect(lengthOf(forger.issue())).to.equal(0));

  it("does not take a leaf for an issuer: whoever has a certificate could issue another", () => {
    const issuedByLeaf = root.issue({ commonNames: ["node"] }).issue();
    const node = root.issue({ commonNames: ["node"] });
    expect(lengthOf(issuedByLeaf, [node])).to.equal(0);
    const signed = node.issue();
    expect(lengthOf(signed, [node])).to.equal(0);
  });

  it("does not take a leaf that is listed as a root: a bundle lists authorities", () => {
    const self = rootCertificate({ ca: false, usages: [clientAuth] });
    expect(lengthOf(self, [], [self])).to.equal(0);
  });

  it("keeps an authority's path length", () => {
    const limited = rootCertificate({ pathLength: 0 });
    const below = limited.issue(caParts("below"));
    expect(lengthOf(limited.issue(), [], [limited])).to.equal(2);
    expect(lengthOf(below.issue(), [below], [limited])).to.equal(0);
    const wider = rootCertificate({ pathLength: 1 });
    const next = wider.issue(caParts("next", { pathLength: 0 }));
    const last = next.issue(caParts("last"));
    expect(lengthOf(next.issue(), [next], [wider])).to.equal(3);
    expect(lengthOf(last.issue(), [next, last], [wider])).to.equal(0);
  });

  describe("looks at the dates of every certificate on our clock", () => {
    const short = { notBefore: noon - 10, notAfter: noon + 10 };
    const cases: Readonly<Record<string, (now: number) => number>> = {
      leaf: (now) => lengthOf(root.issue(short), [], [root], now),
      intermediate: (() => {
        const ca = root.issue(caParts("ca", short));
        const certificate = ca.issue();
        return (now: number) => lengthOf(certificate, [ca], [root], now);
      })(),
      root: (() => {
        const ca = rootCertificate(short);
        const certificate = ca.issue();
        return (now: number) => lengthOf(certificate, [], [ca], now);
      })(),
    };
    for (const [name, at] of Object.entries(cases))
      it(name, () => {
        expect([noon - 11, noon + 11].map(at)).to.deep.equal([0, 0]);
        expect(Math.min(at(noon - 10), at(noon), at(noon + 10))).to.be.greaterThan(1);
      });
  });

  describe("looks at what certificates say they are fit for", () => {
    const anyUsage = "2.5.29.37.0";
    const rows: readonly (readonly [string, readonly string[] | undefined, number])[] = [
      ["nothing", undefined, 2],
      ["clientAuth", [clientAuth], 2],
      ["serverAuth and clientAuth", [serverAuth, clientAuth], 2],
      ["any usage", [anyUsage], 2],
      ["serverAuth", [serverAuth], 0],
      ["code signing", ["1.3.6.1.5.5.7.3.3"], 0],
    ];
    for (const [name, usages, length] of rows)
      it(`a leaf with ${name}`, () => expect(lengthOf(root.issue({ usages }))).to.equal(length));

    it("an authority for servers only", () => {
      const ca = root.issue(caParts("ca", { usages: [serverAuth] }));
      expect(lengthOf(ca.issue(), [ca])).to.equal(0);
    });
  });

  describe("refuses what it would have to understand and does not", () => {
    const constraints = sequence(contextSpecific(0, sequence(), "constructed"));
    const rows: Readonly<Record<string, () => number>> = {
      "a critical extension of the leaf": () =>
        lengthOf(root.issue({ extensions: [extension("1.2.3.4", sequence(), true)] })),
      "name constraints of an intermediate, critical": () => {
        const ca = root.issue(caParts("ca", { extensions: [extension("2.5.29.30", constraints, true)] }));
        return lengthOf(ca.issue(), [ca]);
      },
      "name constraints of an intermediate, not critical": () => {
        const ca = root.issue(caParts("ca", { extensions: [extension("2.5.29.30", constraints)] }));
        return lengthOf(ca.issue(), [ca]);
      },
    };
    for (const [name, length] of Object.entries(rows)) it(name, () => expect(length()).to.equal(0));

    it("but passes over an extension that is not critical", () =>
      expect(lengthOf(root.issue({ extensions: [extension("1.2.3.4", sequence())] }))).to.equal(2));
  });

  it("refuses SHA-1, and RSA keys below 2048 bits", () => {
    expect(lengthOf(root.issue({ hash: "sha1" }))).to.equal(0);
    expect(lengthOf(root.issue({ key: "RSA-1024" }))).to.equal(0);
    expect(lengthOf(root.issue({ key: "RSA-2048" }))).to.equal(2);
  });

  it("takes RSA authorities", () => {
    const rsa = rootCertificate({ key: "RSA-2048" });
    expect(lengthOf(rsa.issue(), [], [rsa])).to.equal(2);
  });

  it("refuses more than eight intermediates without looking at them", () =>
    expect(
      lengthOf(
        leaf,
        Array.from({ length: 9 }, () => leaf),
      ),
    ).to.equal(0));

  it("ends soon where certificates sign one another: eight of one name and key allow 109 600 walks", () => {
    const keyPair = makeKey();
    const twins = Array.from({ length: 8 }, (_, index) =>
      rootCertificate({ commonNames: ["twin"], keyPair, notAfter: noon + 100 + index }),
    );
    const started = performance.now();
    expect(lengthOf(twins[0]!.issue(), twins)).to.equal(0);
    expect(performance.now() - started).to.be.lessThan(1000);
  });
});
