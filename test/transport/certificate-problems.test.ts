import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type TlsOptions } from "node:tls";
import { expect } from "chai";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { type CertificateProblem, signatureAlgorithm } from "../../src/transport/certificate-problems.ts";
import { createPeerConnections } from "../../src/transport/peer-connections.ts";
import { crossSignedRoot, leaf, leafKey, leafSignedWithSHA1, trustedRoot } from "./sha1-certificates.ts";

const authority = createCertificateAuthority();
const named = authority.issue({ commonName: "peer", dnsNames: ["peer.example"] });
const unnamed = authority.issue({ commonName: "peer.example", usages: ["serverAuth"] });
const both = { ca: authority.certificatePem };
const derOf = (pem: string): Buffer => Buffer.from(pem.replace(/-----[A-Z ]+-----/g, ""), "base64");

/** What is found on one connection, and what became of the exchange. */
async function connectTo(
  serving: TlsOptions,
  ca: string,
): Promise<{ readonly problems: CertificateProblem[]; readonly fault: string | undefined }> {
  // what it takes to serve a signature with SHA-1 at all
  const server = createServer({ ...serving, ciphers: "DEFAULT:@SECLEVEL=0" }, (socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  });
  server.on("tlsClientError", () => undefined);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const problems: CertificateProblem[] = [];
  const peer = createPeerConnections({
    ...{ host: "127.0.0.1", port, serverName: "peer.example", ca },
    onCertificateProblem: (problem) => problems.push(problem),
  });
  const request = { method: "POST", path: "/", headers: ["Host", "peer.example"], body: Buffer.from("{}") };
  const fault = await peer
    .exchange({ ...request, timeoutMs: 10_000, maxResponseBytes: 10, peer: "the peer" })
    .then(
      () => undefined,
      (error: Error) => error.message,
    );
  peer.close();
  server.close();
  return { problems, fault };
}

describe("certificate problems", () => {
  it("finds none in a certificate as it should be", async () => {
    const serving = { cert: named.certificatePem, key: named.keyPem };
    expect(await connectTo(serving, both.ca)).to.deep.equal({ problems: [], fault: undefined });
  });

  it("refuses a certificate that has its name in the Common Name only, as Go does, and says so", async () => {
    const serving = { cert: unnamed.certificatePem, key: unnamed.keyPem };
    const { problems, fault } = await connectTo(serving, both.ca);
    expect(problems).to.deep.equal(["missingSAN"]);
    expect(fault).to.match(/its certificate has no subject alternative name/);
  });

  it("tells of a certificate that is refused because it is signed with SHA-1", async () => {
    const { problems, fault } = await connectTo({ cert: leafSignedWithSHA1, key: leafKey }, trustedRoot);
    expect(problems).to.deep.equal(["insecureSHA1"]);
    expect(fault).to.match(/signed with SHA-1/);
  });

  it("tells of one that was sent along and signed with SHA-1, where it was not relied on", async () => {
    const serving = { cert: `${leaf}${crossSignedRoot}`, key: leafKey };
    expect(await connectTo(serving, trustedRoot)).to.deep.equal({
      problems: ["insecureSHA1"],
      fault: undefined,
    });
  });

  it("reads the algorithm a certificate is signed with", () => {
    expect(signatureAlgorithm(derOf(leaf))).to.equal("2a8648ce3d040302");
    expect(signatureAlgorithm(derOf(leafSignedWithSHA1))).to.equal("2a8648ce3d0401");
    expect(signatureAlgorithm(derOf(named.certificatePem))).to.equal("2a8648ce3d040302");
  });
});
