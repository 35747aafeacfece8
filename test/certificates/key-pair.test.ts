import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect } from "chai";
import { parseCABundle } from "../../src/certificates/ca-bundle.ts";
import { loadKeyPair, validityFault } from "../../src/certificates/key-pair.ts";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { rejectionOf } from "../rejection.ts";
import { weakPair } from "./weak-pair.ts";

const authority = createCertificateAuthority();
const second = 1000;
const noon = Date.UTC(2030, 0, 1, 12);
const leaf = authority.issue({
  commonName: "server",
  dnsNames: ["localhost"],
  notBefore: noon,
  notAfter: noon + 3600 * second,
});
const other = authority.issue({ commonName: "other", dnsNames: ["localhost"] });

describe("loadKeyPair", () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "countersign-"));
  });
  after(() => rmSync(directory, { recursive: true }));

  const load = (certificate: string, key: string) => {
    const files = { certFile: join(directory, "tls.crt"), keyFile: join(directory, "tls.key") };
    writeFileSync(files.certFile, certificate);
    writeFileSync(files.keyFile, key);
    return loadKeyPair(files);
  };
  const failure = async (certificate: string, key: string): Promise<string> => {
    const error = await rejectionOf(load(certificate, key));
    expect(error.code).to.equal("ERR_CERTIFICATE_INVALID");
    return error.message.replaceAll(`${directory}/`, "");
  };

  it("gives the pair and how long its chain is valid", async () => {
    const pair = await load(leaf.certificatePem + authority.certificatePem, leaf.keyPem);
    expect(pair.notBefore).to.equal(noon);
    expect(pair.notAfter).to.equal(noon + 3600 * second);
    expect(pair.key.reveal()).to.equal(leaf.keyPem);
  });

  it("never prints the key", async () => {
    const pair = await load(leaf.certificatePem, leaf.keyPem);
    expect(inspect(pair) + JSON.stringify(pair)).to.not.contain("PRIVATE");
  });

  it("refuses a key of another certificate, naming both files", async () => {
    expect(await failure(leaf.certificatePem, other.keyPem)).to.equal(
      "tls.key: is not the key of the first certificate in tls.crt",
    );
  });

  it("refuses a certificate for another purpose, where one is asked for", async () => {
    await load(leaf.certificatePem, leaf.keyPem);
    const files = { certFile: join(directory, "tls.crt"), keyFile: join(directory, "tls.key") };
    await loadKeyPair(files, "serverAuth");
    const error = await rejectionOf(loadKeyPair(files, "clientAuth"));
    expect(error).to.include({ code: "ERR_CERTIFICATE_INVALID" });
    expect(error.message).to.contain("tls.crt: is for serving only");
  });

  it("refuses a chain whose leaf does not stand first", async () => {
    expect(await failure(authority.certificatePem + leaf.certificatePem, leaf.keyPem)).to.contain("tls.key");
  });

  it("refuses files that hold something else, and says which", async () => {
    expect(await failure("", leaf.keyPem)).to.equal("tls.crt: holds no certificate in PEM");
    expect(await failure(leaf.certificatePem, "")).to.contain("tls.key: holds no private key");
    const broken = leaf.certificatePem.replace(/\n.{8}/, "\nAAAAAAAA");
    expect(await failure(broken, leaf.keyPem)).to.equal("tls.crt: certificate 1 cannot be parsed");
    const halved = leaf.certificatePem.slice(0, 200);
    expect(await failure(leaf.certificatePem + halved, leaf.keyPem)).to.equal(
      "tls.crt: certificate 2 has no end",
    );
  });

  it("refuses an encrypted key and says what is needed", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const encrypted = privateKey.export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "x",
    });
    expect(await failure(leaf.certificatePem, encrypted.toString())).to.equal(
      "tls.key: holds an encrypted key: a PEM key without a passphrase is needed",
    );
  });

  it("refuses a pair that TLS would refuse", async () => {
    const [certificate, key] = weakPair;
    expect(await failure(certificate, key)).to.contain("tls.crt: cannot serve TLS");
  });

  it("names a file that is not there", async () => {
    const absent = join(directory, "absent");
    const error = await rejectionOf(loadKeyPair({ certFile: absent, keyFile: absent }));
    expect(error.message).to.contain(absent);
  });
});

describe("parseCABundle", () => {
  it("gives every certificate of the bundle, whatever stands between them", () => {
    const bundle = parseCABundle(
      `# one\n${authority.certificatePem}\n# two\n${other.certificatePem}`,
      "ca.crt",
    );
    expect(bundle.certificates.map(({ subject }) => subject)).to.deep.equal([
      "CN=countersign-test-ca",
      "CN=other",
    ]);
  });

  it("refuses an empty bundle, which would trust nobody", () => {
    expect(() => parseCABundle("\n", "ca.crt")).to.throw("ca.crt: holds no certificate in PEM");
  });
});

describe("validityFault", () => {
  const span = { notBefore: Date.UTC(2030, 0, 1), notAfter: Date.UTC(2030, 0, 2) };

  it("is none from the first instant to the last", () => {
    expect(validityFault(span, span.notBefore)).to.equal(undefined);
    expect(validityFault(span, span.notAfter)).to.equal(undefined);
  });

  it("says before when and since when", () => {
    expect(validityFault(span, span.notBefore - 1)).to.equal("is not valid before 2030-01-01T00:00:00.000Z");
    expect(validityFault(span, span.notAfter + 1)).to.equal("expired 2030-01-02T00:00:00.000Z");
  });
});
