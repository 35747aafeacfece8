import { X509Certificate } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { readCertificateExtensions } from "../../src/authentication/certificate-extensions.ts";
import { sequence } from "../../src/certificates/der.ts";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { clientAuth, extension, rootCertificate } from "./certificates.ts";

const root = rootCertificate({ pathLength: 3 });

describe("readCertificateExtensions", () => {
  it("reads a leaf", () => {
    const dnsNames = ["a.example", "b.example"];
    const leaf = root.issue({
      dnsNames,
      usages: [clientAuth],
      extensions: [extension("1.2.3.4", sequence(), true)],
    });
    expect(readCertificateExtensions(leaf.raw)).to.deep.equal({
      signatureAlgorithm: "2a8648ce3d040302",
      dnsNames,
      extendedKeyUsage: ["2b06010505070302"],
      pathLength: undefined,
      unhandled: ["2a0304"],
      subjectKeyIdentifier: undefined,
      authorityKeyIdentifier: undefined,
    });
  });

  it("reads an authority", () => {
    expect(readCertificateExtensions(root.raw)).to.deep.include({
      dnsNames: [],
      extendedKeyUsage: undefined,
      pathLength: 3,
      unhandled: [],
    });
  });

  it("reads whose key it is and whose key signed it", () => {
    const authority = createCertificateAuthority();
    const [parent, leaf] = [authority, authority.issue({ commonName: "jane" })].map(
      ({ certificatePem }) => new X509Certificate(certificatePem),
    );
    const read = readCertificateExtensions(leaf!.raw);
    expect(read.subjectKeyIdentifier).to.match(/^[0-9a-f]{40}$/);
    expect(read.authorityKeyIdentifier).to.equal(readCertificateExtensions(parent!.raw).subjectKeyIdentifier);
  });

  it("reads names that need a long form of length", () => {
    const dnsNames = Array.from({ length: 40 }, (_, index) => `${"x".repeat(20)}${index}.example`);
    expect(readCertificateExtensions(root.issue({ dnsNames }).raw).dnsNames).to.deep.equal(dnsNames);
  });

  it("agrees with OpenSSL on the names", () => {
    const { certificate, raw } = root.issue({ dnsNames: ["a.example", "*.b.example"] });
    const names = readCertificateExtensions(raw)
      .dnsNames.map((name) => `DNS:${name}`)
      .join(", ");
    expect(certificate.subjectAltName).to.equal(names);
  });

  it("ends with a RangeError, or a result, on any bytes", () => {
    const { raw } = root.issue({ dnsNames: ["a.example"] });
    const broken = fc.oneof(
      fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
      fc.tuple(fc.nat(raw.length - 1), fc.nat(255)).map(([at, value]) => {
        const copy = Buffer.from(raw);
        copy[at] = value;
        return copy;
      }),
      fc.nat(raw.length).map((length) => raw.subarray(0, length)),
    );
    fc.assert(
      fc.property(broken, (bytes) => {
        try {
          readCertificateExtensions(bytes);
        } catch (error) {
          expect(error).to.be.instanceOf(RangeError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
