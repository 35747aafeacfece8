import type { X509Certificate } from "node:crypto";
import { expect } from "chai";
import { createCertificateVerifier } from "../../src/authentication/verified-certificate.ts";
import { CountersignError } from "../../src/errors.ts";
import { type CertificateParts, rootCertificate } from "./certificates.ts";
import { noon } from "./minting.ts";

const root = rootCertificate();

describe("createCertificateVerifier", () => {
  let now: number;
  let ca: readonly X509Certificate[];
  const verifier = () =>
    createCertificateVerifier({
      ca: () => ca,
      what: "certificate",
      whose: "the CA",
      clock: { now: () => now, random: () => 0 },
    });
  const presentedOf = (parts: CertificateParts = {}) => ({ raw: root.issue(parts).raw, chain: [] });
  beforeEach(() => {
    now = noon * 1000;
    ca = [root.certificate];
  });

  it("answers the same object for the same certificate, until the chain ends", () => {
    const [own, presented] = [verifier(), presentedOf({ notAfter: noon + 60 })];
    const verified = own.verify(presented);
    expect(verified.expiresAt).to.equal((noon + 60) * 1000);
    now += 59_999;
    expect(own.verify(presented)).to.equal(verified);
    now += 2_000;
    expect(() => own.verify(presented)).to.throw(
      CountersignError,
      "certificate: no valid chain leads to the CA",
    );
  });

  it("looks again when the CA certificates are others, either way", () => {
    const [own, presented] = [verifier(), presentedOf()];
    own.verify(presented);
    ca = [];
    expect(() => own.verify(presented)).to.throw(CountersignError);
    ca = [root.certificate];
    expect(own.verify(presented).leaf.subject).to.equal("CN=kube-apiserver");
  });

  it("remembers a refusal for ten seconds, or until the clock has moved back", () => {
    const [own, presented] = [verifier(), presentedOf({ notBefore: noon + 1 })];
    const refusal = () => {
      try {
        return own.verify(presented);
      } catch (error) {
        return error;
      }
    };
    const first = refusal();
    now += 9_999;
    expect(refusal()).to.equal(first);
    now -= 20_000;
    expect(refusal()).to.not.equal(first);
    now += 30_000;
    expect(refusal()).to.have.property("leaf");
  });

  it("what two connections presented is two things, whatever the bytes", () => {
    const own = verifier();
    const { raw } = root.issue();
    expect(own.verify({ raw, chain: [] })).to.not.equal(own.verify({ raw, chain: [] }));
  });

  it("bytes that are no certificate are refused", () => {
    for (const presented of [
      { raw: Buffer.from("x"), chain: [] },
      { raw: root.issue().raw, chain: [Buffer.from("x")] },
    ])
      expect(() => verifier().verify(presented)).to.throw(CountersignError, "certificate: it cannot be read");
  });
});
