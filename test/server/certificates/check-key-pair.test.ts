import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { checkKeyPair } from "../../../src/server/certificates/check-key-pair.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";

describe("checkKeyPair", () => {
  const authority = createCertificateAuthority();
  const now = Date.now();
  const { certificatePem, keyPem } = authority.issue({ commonName: "one" });
  const other = authority.issue({ commonName: "other" });
  const ended = authority.issue({ commonName: "one", notBefore: now - 2000, notAfter: now - 1000 });
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "countersign-check-pair-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const check = async (certificate: string | undefined, key: string | undefined) => {
    const [certFile, keyFile] = [join(folder, "tls.crt"), join(folder, "tls.key")];
    if (certificate !== undefined) writeFileSync(certFile, certificate);
    if (key !== undefined) writeFileSync(keyFile, key);
    return checkKeyPair({ certFile, keyFile }, ["tls"], { now: () => now });
  };

  it("finds nothing where they can be used", async () =>
    expect(await check(certificatePem, keyPem)).to.deep.equal([]));

  for (const [what, certificate, key, field, message] of [
    ["a key that is not there", certificatePem, undefined, "keyFile", /tls\.key: ENOENT/],
    ["a key that is none", certificatePem, "nothing", "keyFile", /tls\.key: holds no private key/],
    ["a certificate that is not there", undefined, keyPem, "certFile", /tls\.crt: ENOENT/],
    ["a certificate that is none", "nothing", keyPem, "certFile", /tls\.crt: holds no certificate/],
    ["a key of another certificate", certificatePem, other.keyPem, "certFile", /tls\.key: is not the key of/],
    ["a certificate that has expired", ended.certificatePem, ended.keyPem, "certFile", /tls\.crt expired/],
  ] as const)
    it(`names the field of ${what}`, async () => {
      const [found, ...more] = await check(certificate, key);
      expect(more).to.deep.equal([]);
      expect(found).to.deep.include({ severity: "error", path: ["tls", field] });
      expect(found?.message).to.match(message);
    });
});
