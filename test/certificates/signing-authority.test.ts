import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import { inspect } from "node:util";
import { expect } from "chai";
import { createSigningAuthority, issueServingPair } from "../../src/certificates/signing-authority.ts";

const hour = 3_600_000;
const day = 24 * hour;

describe("a signing authority", () => {
  const now = Date.now();
  const authority = createSigningAuthority(now, 30 * day);
  const dnsNames = ["localhost", "countersign.countersign-system.svc"];
  const pair = issueServingPair(authority, { dnsNames, now, validityMs: 10 * day });
  const leaf = new X509Certificate(pair.certificate);

  it("is a CA, signed by itself, whose key is its own", () => {
    const { certificate, key } = authority;
    expect(certificate.ca).to.equal(true);
    expect(certificate.verify(certificate.publicKey)).to.equal(true);
    expect(certificate.checkPrivateKey(createPrivateKey(key.reveal()))).to.equal(true);
  });

  it("has a name and a serial number that no other has", () => {
    const other = createSigningAuthority(now, 30 * day);
    expect(other.certificate.subject).to.not.equal(authority.certificate.subject);
    const again = issueServingPair(authority, { dnsNames, now, validityMs: 10 * day });
    expect(new X509Certificate(again.certificate).serialNumber).to.not.equal(leaf.serialNumber);
    expect(again.key.reveal()).to.not.equal(pair.key.reveal());
  });

  it("is valid since an hour ago, for clocks that are behind", () => {
    for (const { validFromDate } of [authority.certificate, leaf])
      expect(validFromDate.getTime()).to.be.within(now - hour - 1000, now - hour);
  });

  it("issues for names, by SAN, to serve with and nothing else", () => {
    expect(leaf.checkIssued(authority.certificate)).to.equal(true);
    expect(leaf.subjectAltName).to.equal("DNS:localhost, DNS:countersign.countersign-system.svc");
    expect(leaf.keyUsage).to.deep.equal(["1.3.6.1.5.5.7.3.1"]);
    expect(leaf.ca).to.equal(false);
    expect(pair.dnsNames).to.deep.equal(dnsNames);
    expect(pair.notAfter).to.be.within(now + 10 * day - 1000, now + 10 * day);
  });

  it("issues nothing that outlives it", () => {
    const long = issueServingPair(authority, { dnsNames, now, validityMs: 90 * day });
    expect(long.notAfter).to.equal(authority.certificate.validToDate.getTime());
  });

  it("issues what a TLS client verifies by it, and by no other", async () => {
    const server = createServer({ cert: pair.certificate, key: pair.key.reveal() });
    server.on("tlsClientError", () => undefined);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const shake = (ca: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ca });
        socket.once("secureConnect", () => resolve("verified"));
        socket.once("error", ({ message }) => resolve(message));
        socket.once("close", () => socket.destroy());
        socket.once("secureConnect", () => socket.destroy());
      });
    const other = createSigningAuthority(now, 30 * day).certificate.toString();
    expect(await shake(authority.certificate.toString())).to.equal("verified");
    expect(await shake(`${other}${authority.certificate.toString()}`)).to.equal("verified");
    expect(await shake(other)).to.match(/unable to verify|self-signed|unable to get/);
    server.close();
  });

  it("never prints a key", () => {
    for (const thing of [authority, pair]) {
      expect(inspect(thing, { depth: 5 })).to.not.contain("PRIVATE KEY");
      expect(JSON.stringify(thing)).to.not.contain("PRIVATE KEY");
    }
  });
});
