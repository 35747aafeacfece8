import { X509Certificate } from "node:crypto";
import { expect } from "chai";
import type { PresentedCertificate } from "../../src/authentication/authenticator.ts";
import { createCertificateVerifier } from "../../src/authentication/verified-certificate.ts";
import { octetString } from "../../src/certificates/der.ts";
import { CountersignError } from "../../src/errors.ts";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { type CertificateParts, extension, rootCertificate, serverAuth } from "./certificates.ts";
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
    expect(() => own.verify(presented)).to.throw(CountersignError, "certificate: it has expired at ");
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

  describe("says what is wrong, for the log", () => {
    const messageOf = (presented: PresentedCertificate): string => {
      try {
        verifier().verify(presented);
        return "accepted";
      } catch (error) {
        return (error as Error).message;
      }
    };
    for (const [parts, message] of [
      [{ notAfter: noon - 60 }, /^certificate: it has expired at 20..-..-..T..:..:..\.000Z /],
      [{ notBefore: noon + 60 }, /^certificate: it is not valid before 20/],
      [{ usages: [serverAuth] }, /^certificate: it is not for client authentication /],
      [{ key: "RSA-1024" }, /^certificate: its RSA key is shorter than 2048 bits /],
      [
        { extensions: [extension("1.2.3.4", Buffer.of(5, 0), true)] },
        /critical extension that is not known here/,
      ],
    ] as const)
      it(String(message), () => expect(messageOf(presentedOf(parts))).to.match(message));

    it("that its signer is none of ours, or that it is signed with SHA-1", () => {
      const [stranger, old] = [rootCertificate().issue(), root.issue({ hash: "sha1" })];
      expect(messageOf({ raw: stranger.raw, chain: [] })).to.match(
        /^certificate: no valid chain leads to the CA /,
      );
      expect(messageOf({ raw: old.raw, chain: [] })).to.match(
        /^certificate: it is signed with another algorithm than RSA /,
      );
    });

    it("and which certificate it is, as an API server's log tells it", () => {
      const { certificatePem } = createCertificateAuthority({
        clock: { now: () => noon * 1000, random: () => 0 },
      }).issue({ commonName: "jane" });
      const { raw, serialNumber } = new X509Certificate(certificatePem);
      const bytes = "(?:[0-9A-F]{2}:){19}[0-9A-F]{2}";
      expect(messageOf({ raw, chain: [] })).to.match(
        new RegExp(`\\(SN=${BigInt(`0x${serialNumber}`)}, SKID=${bytes}, AKID=${bytes}\\)$`),
      );
      expect(messageOf({ raw: rootCertificate().issue().raw, chain: [] })).to.match(
        /\(SN=\d+, SKID=, AKID=\)$/,
      );
    });

    it("in a line of bounded length, whatever a stranger wrote into it", () => {
      const long = extension("2.5.29.14", octetString(Buffer.alloc(4_000, 0xab)));
      const { raw } = rootCertificate().issue({ extensions: [long] });
      expect(messageOf({ raw, chain: [] })).to.have.length.below(300);
    });
  });

  it("bytes that are no certificate are refused", () => {
    for (const presented of [
      { raw: Buffer.from("x"), chain: [] },
      { raw: root.issue().raw, chain: [Buffer.from("x")] },
    ])
      expect(() => verifier().verify(presented)).to.throw(CountersignError, "certificate: it cannot be read");
  });
});
