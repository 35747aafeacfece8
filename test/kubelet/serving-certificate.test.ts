import { X509Certificate } from "node:crypto";
import { expect } from "chai";
import { nodeNameFault, servingCertificateFault } from "../../src/kubelet/serving-certificate.ts";
import type { CertificateOptions } from "../../src/testing/certificates/certificate-authority.ts";
import { authority, servingCertificate } from "./kubelet-server.ts";

const now = Date.now();

function certificate(options: Partial<CertificateOptions>): X509Certificate {
  return new X509Certificate(servingCertificate(options).certificatePem);
}

describe("a serving certificate", () => {
  const names = {
    dnsNames: ["n1.example", "*.pool.example", "f*.part.example"],
    ipAddresses: ["10.0.0.5", "fd00::5"],
  };
  const shown = certificate(names);

  /** Hosts, and what Go says of this certificate for them. */
  const hosts: readonly (readonly [host: string, words: string | undefined])[] = [
    ["n1.example", undefined],
    ["N1.Example", undefined],
    ["n1.example.", undefined],
    ["a.pool.example", undefined],
    ["10.0.0.5", undefined],
    ["fd00::5", undefined],
    ["fd00:0:0::5", undefined],
    ["a.b.pool.example", "n1.example, *.pool.example, f*.part.example, not a.b.pool.example"],
    ["pool.example", "n1.example, *.pool.example, f*.part.example, not pool.example"],
    ["fa.part.example", "n1.example, *.pool.example, f*.part.example, not fa.part.example"],
    ["n2.example", "n1.example, *.pool.example, f*.part.example, not n2.example"],
    ["10.0.0.6", "10.0.0.5, fd00::5, not 10.0.0.6"],
  ];
  for (const [host, words] of hosts)
    it(`${words === undefined ? "is" : "is not"} accepted for ${host}`, () => {
      const fault = servingCertificateFault({ certificate: shown, chainProblem: undefined }, host, now);
      expect(fault).to.equal(words === undefined ? undefined : `x509: certificate is valid for ${words}`);
    });

  it("with a Common Name alone is accepted for no host, that one least of all", () => {
    const { certificatePem } = authority.issue({ commonName: "n1.example", usages: ["serverAuth"] });
    const only = { certificate: new X509Certificate(certificatePem), chainProblem: undefined };
    expect(servingCertificateFault(only, "n1.example", now)).to.equal(
      "x509: certificate relies on legacy Common Name field, use SANs instead",
    );
    expect(servingCertificateFault(only, "n2.example", now)).to.equal(
      "x509: certificate is not valid for any names, but wanted to match n2.example",
    );
  });

  it("with addresses alone is accepted for no name", () => {
    const only = { certificate: certificate({ dnsNames: [] }), chainProblem: undefined };
    expect(servingCertificateFault(only, "n1.example", now)).to.equal(
      "x509: certificate is not valid for any names, but wanted to match n1.example",
    );
  });

  describe("whose chain does not verify", () => {
    const chain: readonly (readonly [code: string, words: string])[] = [
      ["DEPTH_ZERO_SELF_SIGNED_CERT", "x509: certificate signed by unknown authority"],
      ["SELF_SIGNED_CERT_IN_CHAIN", "x509: certificate signed by unknown authority"],
      ["UNABLE_TO_GET_ISSUER_CERT", "x509: certificate signed by unknown authority"],
      ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "x509: certificate signed by unknown authority"],
      ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "x509: certificate signed by unknown authority"],
      ["CERT_SIGNATURE_FAILURE", "x509: certificate signed by unknown authority"],
      ["INVALID_PURPOSE", "x509: certificate specifies an incompatible key usage"],
      ["CERT_HAS_EXPIRED", "x509: certificate has expired or is not yet valid: one that signed it"],
      ["CERT_REVOKED", "x509: certificate cannot be verified (CERT_REVOKED)"],
    ];
    for (const [chainProblem, words] of chain)
      it(`is refused for ${chainProblem}`, () => {
        expect(servingCertificateFault({ certificate: shown, chainProblem }, "10.0.0.5", now)).to.equal(
          words,
        );
      });

    it("is told its time first, and its name before its chain, as Go looks", () => {
      const problem = { certificate: shown, chainProblem: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" };
      expect(servingCertificateFault(problem, "10.0.0.6", now)).to.contain("not 10.0.0.6");
      expect(servingCertificateFault(problem, "10.0.0.6", now + 10 * 366 * 86_400_000)).to.contain(
        "has expired",
      );
    });
  });

  describe("is the node's", () => {
    const own = { commonName: "system:node:n1", organization: "system:nodes" };
    it("by its Common Name, letter by letter, and its organization", () => {
      expect(nodeNameFault(certificate(own), "n1")).to.equal(undefined);
      for (const commonName of ["system:node:n10", "system:node:N1", "system:node:n1 ", "n1", "system:node:"])
        expect(nodeNameFault(certificate({ ...own, commonName }), "n1"), commonName).to.contain(
          "Common Name",
        );
      expect(nodeNameFault(certificate({ ...own, organization: [] }), "n1")).to.contain("Organization");
    });
  });
});
