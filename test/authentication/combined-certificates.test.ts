import { expect } from "chai";
import { combineCertificates } from "../../src/authentication/combined-certificates.ts";
import { rootCertificate } from "./certificates.ts";

describe("combineCertificates", () => {
  const [a, b, c] = ["a", "b", "c"].map((name) => rootCertificate({ commonNames: [name] }).certificate);
  let file = [a!];
  let map = [b!];
  const combined = combineCertificates([() => file, () => map]);

  it("is all of them, in order", () => expect(combined()).to.deep.equal([a, b]));

  it("is the same list while no source gives another: verifiers remember by it", () => {
    const before = combined();
    expect(combined()).to.equal(before);
    file = [...file];
    expect(combined()).not.to.equal(before);
    expect(combined()).to.deep.equal(before);
  });

  it("changes as soon as one does, also to fewer", () => {
    map = [b!, c!];
    expect(combined()).to.deep.equal([a, b, c]);
    file = [];
    expect(combined()).to.deep.equal([b, c]);
    map = [];
    expect(combined()).to.deep.equal([]);
  });

  it("of no source is none", () => {
    const none = combineCertificates([]);
    expect(none()).to.deep.equal([]);
    expect(none()).to.equal(none());
  });
});
