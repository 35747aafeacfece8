import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { checkKeyPair } from "../../../src/server/certificates/check-key-pair.ts";
import { createCertificateAuthority } from "../../../src/testing/certificates/certificate-authority.ts";
import { weakPair } from "../../certificates/weak-pair.ts";

describe("checkKeyPair", () => {
  const authority = createCertificateAuthority();
  const now = Date.now();
  const usages = ["serverAuth"] as const;
  const { certificatePem, keyPem } = authority.issue({ commonName: "one", usages });
  const other = authority.issue({ commonName: "other", usages });
  const ended = authority.issue({ commonName: "one", usages, notBefore: now - 2000, notAfter: now - 1000 });
  const client = authority.issue({ commonName: "one", usages: ["clientAuth"] });
  const [weakCertificate, weakKey] = weakPair;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "countersign-check-pair-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const check = async (certificate: string | undefined, key: string | undefined) => {
    const [certFile, keyFile] = [join(folder, "tls.crt"), join(folder, "tls.key")];
    if (certificate !== undefined) writeFileSync(certFile, certificate);
    if (key !== undefined) writeFileSync(keyFile, key);
    return checkKeyPair({ certFile, keyFile }, ["tls"], { purpose: "serverAuth", clock: { now: () => now } });
  };

  it("finds nothing where they can be used", async () =>
    expect(await check(certificatePem, keyPem)).to.deep.equal([]));

  for (const [what, certificate, key, field, message] of [
    ["a key that is not there", certificatePem, undefined, "keyFile", /tls\.key: ENOENT/],
    ["a key that is none", certificatePem, "nothing", "keyFile", /tls\.key: holds no private key/],
    ["a certificate that is not there", undefined, keyPem, "certFile", /tls\.crt: ENOENT/],
    ["a certificate that is none", "nothing", keyPem, "certFile", /tls\.crt: holds no certificate/],
    ["a key of another certificate", certificatePem, other.keyPem, "keyFile", /tls\.key: is not the key of/],
    ["a pair that TLS refuses", weakCertificate, weakKey, "certFile", /tls\.crt: cannot serve TLS/],
    [
      "a certificate of the other purpose",
      client.certificatePem,
      client.keyPem,
      "certFile",
      /crt: is for clients only/,
    ],
    ["a certificate that has expired", ended.certificatePem, ended.keyPem, "certFile", /tls\.crt expired/],
  ] as const)
    it(`names the field of ${what}`, async () => {
      const [found, ...more] = await check(certificate, key);
      expect(more).to.deep.equal([]);
      expect(found).to.deep.include({ severity: "error", path: ["tls", field] });
      expect(found?.message).to.match(message);
    });
});
