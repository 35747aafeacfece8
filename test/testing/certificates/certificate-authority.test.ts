import { spawnSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type TLSSocket } from "node:tls";
import { expect } from "chai";
import {
  createCertificateAuthority,
  type IssuedCertificate,
} from "../../../src/testing/certificates/certificate-authority.ts";

const openssl = (...args: readonly string[]): { status: number | null; output: string } => {
  const { status, stdout, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
  return { status, output: `${stdout}${stderr}` };
};
const hasOpenssl = openssl("version").status === 0;

describe("createCertificateAuthority", () => {
  const ca = createCertificateAuthority();
  const serving = ca.issue({
    commonName: "webhook",
    dnsNames: ["webhook.default.svc", "localhost"],
    ipAddresses: ["127.0.0.1", "::1"],
  });

  it("signs itself and says that it is an authority", () => {
    const certificate = new X509Certificate(ca.certificatePem);
    expect(certificate.ca).to.equal(true);
    expect(certificate.subject).to.equal("CN=countersign-test-ca");
    expect(certificate.verify(certificate.publicKey)).to.equal(true);
  });

  it("issues a leaf that is no authority, verifies, and belongs to its key", () => {
    const leaf = new X509Certificate(serving.certificatePem);
    expect(leaf.ca).to.equal(false);
    expect(leaf.checkIssued(new X509Certificate(ca.certificatePem))).to.equal(true);
    expect(leaf.verify(new X509Certificate(ca.certificatePem).publicKey)).to.equal(true);
    expect(leaf.checkPrivateKey(createPrivateKey(serving.keyPem))).to.equal(true);
  });

  it("writes DNS names and both kinds of address", () => {
    const leaf = new X509Certificate(serving.certificatePem);
    expect(leaf.checkHost("webhook.default.svc")).to.equal("webhook.default.svc");
    expect(leaf.checkIP("127.0.0.1")).to.equal("127.0.0.1");
    expect(leaf.checkIP("::1")).to.equal("::1");
    const full = ca.issue({ commonName: "x", ipAddresses: ["2001:db8:0:1:2:3:4:5", "fe80::a:b"] });
    expect(new X509Certificate(full.certificatePem).subjectAltName).to.equal(
      "IP Address:2001:DB8:0:1:2:3:4:5, IP Address:FE80:0:0:0:0:0:A:B",
    );
  });

  it("chooses the usage from what is asked for, and takes the one that is given", () => {
    const usagesOf = (issued: IssuedCertificate): readonly string[] | undefined =>
      new X509Certificate(issued.certificatePem).keyUsage;
    expect(usagesOf(serving)).to.deep.equal(["1.3.6.1.5.5.7.3.1"]);
    expect(usagesOf(ca.issue({ commonName: "admin" }))).to.deep.equal(["1.3.6.1.5.5.7.3.2"]);
    expect(usagesOf(ca.issue({ commonName: "both", usages: ["serverAuth", "clientAuth"] }))).to.have.length(
      2,
    );
  });

  it("writes every organization and names outside ASCII", () => {
    const { certificatePem } = ca.issue({ commonName: "Zoë", organization: ["system:masters", "dev"] });
    expect(new X509Certificate(certificatePem).subject).to.equal("O=system:masters\nO=dev\nCN=Zoë");
  });

  it("takes validity from the clock and from the caller, past 2049 too", () => {
    const fixed = createCertificateAuthority({ clock: { now: () => Date.UTC(2026, 0, 1), random: () => 0 } });
    const leaf = new X509Certificate(fixed.issue({ commonName: "x" }).certificatePem);
    expect(leaf.validFromDate).to.deep.equal(new Date("2025-12-31T23:00:00Z"));
    const later = fixed.issue({ commonName: "x", notBefore: 0, notAfter: Date.UTC(2051, 5, 1) });
    expect(new X509Certificate(later.certificatePem).validToDate).to.deep.equal(
      new Date("2051-06-01T00:00:00Z"),
    );
    expect(new X509Certificate(later.certificatePem).validFromDate).to.deep.equal(new Date(0));
  });

  it("never uses a serial number twice", () => {
    const serials = Array.from(
      { length: 20 },
      () => new X509Certificate(ca.issue({ commonName: "x" }).certificatePem),
    );
    expect(new Set(serials.map(({ serialNumber }) => serialNumber)).size).to.equal(20);
  });

  const withOpenssl = hasOpenssl ? it : (): void => undefined;
  withOpenssl("satisfies openssl in strict mode, for both purposes and over an intermediate", async () => {
    const folder = await mkdtemp(join(tmpdir(), "countersign-ca-"));
    try {
      const middle = ca.issueAuthority({ commonName: "middle" });
      const client = middle.issue({ commonName: "admin", organization: "system:masters" });
      const at = (name: string): string => join(folder, name);
      await Promise.all([
        writeFile(at("ca.pem"), ca.certificatePem),
        writeFile(at("middle.pem"), middle.certificatePem),
        writeFile(at("serving.pem"), serving.certificatePem),
        writeFile(at("client.pem"), client.certificatePem),
      ]);
      const verify = (...args: readonly string[]): { status: number | null; output: string } =>
        openssl("verify", "-x509_strict", "-CAfile", at("ca.pem"), ...args);
      const server = verify("-purpose", "sslserver", "-verify_hostname", "localhost", at("serving.pem"));
      expect(server.output).to.match(/serving\.pem: OK/);
      expect(verify("-purpose", "sslclient", at("serving.pem")).status).to.not.equal(0);
      const chained = verify("-purpose", "sslclient", "-untrusted", at("middle.pem"), at("client.pem"));
      expect(chained.output).to.match(/client\.pem: OK/);
      expect(verify(at("client.pem")).status).to.not.equal(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("carries mutual TLS, and another authority's certificate is refused", async () => {
    const server = createServer({
      key: serving.keyPem,
      cert: serving.certificatePem,
      ca: ca.certificatePem,
      requestCert: true,
      rejectUnauthorized: false,
    });
    server.on("secureConnection", (socket: TLSSocket) => {
      socket.on("error", () => undefined);
      socket.end(`${socket.authorized} ${socket.getPeerCertificate().subject?.CN}`);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const ask = async (authority: string, client: IssuedCertificate): Promise<string> => {
      const { certificatePem: cert, keyPem: key } = client;
      const socket = connect({
        port,
        host: "127.0.0.1",
        servername: "webhook.default.svc",
        ca: authority,
        cert,
        key,
      });
      let text = "";
      for await (const chunk of socket) text += chunk;
      return text;
    };
    try {
      const other = createCertificateAuthority();
      const client = ca.issue({ commonName: "admin" });
      expect(await ask(ca.certificatePem, client)).to.equal("true admin");
      expect(await ask(ca.certificatePem, other.issue({ commonName: "admin" }))).to.equal("false admin");
      const refused = await ask(other.certificatePem, client).catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(Error);
    } finally {
      server.close();
    }
  });
});
