import { X509Certificate } from "node:crypto";
import { expect } from "chai";
import { type CertificateUsage, purposeFault } from "../../src/certificates/certificate-purpose.ts";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";

describe("purposeFault", () => {
  const authority = createCertificateAuthority();
  const issued = (...usages: CertificateUsage[]): X509Certificate =>
    new X509Certificate(authority.issue({ commonName: "x", usages }).certificatePem);

  it("is none of a certificate that is for it, or for both", () => {
    for (const purpose of ["serverAuth", "clientAuth"] as const)
      for (const certificate of [issued(purpose), issued("serverAuth", "clientAuth")])
        expect(purposeFault(certificate, purpose)).to.equal(undefined);
  });

  it("is none of a certificate that does not say what it is for", () => {
    const certificate = new X509Certificate(authority.certificatePem);
    for (const purpose of ["serverAuth", "clientAuth"] as const)
      expect(purposeFault(certificate, purpose)).to.equal(undefined);
  });

  it("is none of one that is for anything (anyExtendedKeyUsage)", () =>
    expect(purposeFault({ keyUsage: ["1.3.6.1.5.5.7.3.3", "2.5.29.37.0"] }, "clientAuth")).to.equal(
      undefined,
    ));

  it("says what it is for instead, and what may have happened", () => {
    expect(purposeFault(issued("serverAuth"), "clientAuth")).to.equal(
      "is for serving only (extended key usage serverAuth without clientAuth): are two Secrets, or two files, swapped?",
    );
    expect(purposeFault(issued("clientAuth"), "serverAuth")).to.match(/^is for clients only .*swapped\?$/);
  });

  it("says what is missing where it is for neither", () =>
    expect(purposeFault({ keyUsage: ["1.3.6.1.5.5.7.3.3"] }, "serverAuth")).to.equal(
      "is not for serving: its extended key usage has no serverAuth; have one signed that has it",
    ));
});
