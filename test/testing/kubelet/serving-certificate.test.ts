import { X509Certificate } from "node:crypto";
import { expect } from "chai";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import {
  issueServingCertificate,
  type KubeletCertificate,
} from "../../../src/testing/kubelet/serving-certificate.ts";

const authority = createCertificateAuthority();
const ca = new X509Certificate(authority.certificatePem);
const now = Date.now();
const issue = (kind: KubeletCertificate) =>
  new X509Certificate(
    issueServingCertificate(kind, { nodeName: "n1", host: "127.0.0.1", authority, now }).certificatePem,
  );

describe("a kubelet's serving certificate", () => {
  it("is the node's own, for its name and address", () => {
    const certificate = issue("valid");
    expect(certificate.subject.split("\n")).to.have.members(["O=system:nodes", "CN=system:node:n1"]);
    expect(certificate.subjectAltName).to.equal("DNS:n1, IP Address:127.0.0.1");
    expect(certificate.checkIssued(ca) && certificate.verify(ca.publicKey)).to.equal(true);
    expect(Date.parse(certificate.validTo)).to.be.greaterThan(now);
  });

  it("has nothing wrong but its end where it has expired", () => {
    const certificate = issue("expired");
    expect(Date.parse(certificate.validTo)).to.be.lessThan(now);
    expect(Date.parse(certificate.validFrom)).to.be.lessThan(Date.parse(certificate.validTo));
    expect([certificate.subject, certificate.subjectAltName]).to.deep.equal([
      issue("valid").subject,
      issue("valid").subjectAltName,
    ]);
    expect(certificate.verify(ca.publicKey)).to.equal(true);
  });

  it("is another node's for the same address", () => {
    const certificate = issue("wrongName");
    expect(certificate.subject).to.contain("CN=system:node:n1-neighbour");
    expect(certificate.subjectAltName).to.equal("DNS:n1-neighbour, IP Address:127.0.0.1");
    expect(certificate.verify(ca.publicKey)).to.equal(true);
  });

  it("is the node's own for another address", () => {
    const certificate = issue("wrongAddress");
    expect(certificate.subject).to.contain("CN=system:node:n1");
    expect(certificate.checkIP("127.0.0.1")).to.equal(undefined);
    expect(certificate.checkHost("n1")).to.equal(undefined);
  });

  it("is signed by nobody who is known", () => {
    const certificate = issue("foreign");
    expect(certificate.subject).to.contain("CN=system:node:n1");
    expect(certificate.verify(ca.publicKey)).to.equal(false);
  });
});
