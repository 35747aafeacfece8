import { expect } from "chai";
import { certificateExtra, certificateSubject } from "../../src/authentication/certificate-subject.ts";
import { sequence, utf8String } from "../../src/certificates/der.ts";
import { attribute, type CertificateParts, rootCertificate, uidAttribute } from "./certificates.ts";

const root = rootCertificate();
const subjectOf = (parts: CertificateParts) => certificateSubject(root.issue(parts).certificate);

describe("certificateSubject", () => {
  it("is the last common name, all organizations and all uids, in order", () => {
    expect(
      subjectOf({ commonNames: ["a", "b"], organizations: ["o1", "o2", "o1"], uids: ["u1", "u2"] }),
    ).to.deep.equal({ commonName: "b", organizations: ["o1", "o2", "o1"], uids: ["u1", "u2"] });
  });

  it("of what stands once is that, and of what does not stand there nothing", () => {
    expect(subjectOf({ commonNames: ["a"], organizations: ["o"] })).to.deep.equal({
      commonName: "a",
      organizations: ["o"],
      uids: [],
    });
    expect(subjectOf({ commonNames: [] })).to.deep.include({ commonName: undefined, organizations: [] });
  });

  it("has an empty uid for one that is no text, which node leaves out", () => {
    const attributes = [attribute(uidAttribute, sequence(utf8String("u")))];
    expect(subjectOf({ attributes }).uids).to.deep.equal([""]);
    expect(subjectOf({ uids: ["u1"], attributes }).uids).to.deep.equal(["u1", ""]);
  });

  it("takes no uid from another attribute's text", () => {
    for (const text of [`a\n${uidAttribute}=u`, `a + ${uidAttribute}=u`])
      expect(subjectOf({ commonNames: [text], organizations: [text] }).uids).to.deep.equal([]);
  });

  it("keeps what looks like another attribute where it was written", () => {
    expect(subjectOf({ commonNames: ["a\nO=system:masters"] }).organizations).to.deep.equal([]);
    expect(subjectOf({ commonNames: ["a, O=system:masters"] }).organizations).to.deep.equal([]);
  });
});

describe("certificateExtra", () => {
  it("tells one certificate of a name from another", () => {
    const [one, other] = [root.issue(), root.issue()].map(({ certificate }) => certificateExtra(certificate));
    expect(JSON.stringify(one)).to.match(/X509SHA256=[0-9a-f]{64}"/);
    expect(one).to.not.deep.equal(other);
  });
});
