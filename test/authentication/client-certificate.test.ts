import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { expect } from "chai";
import fc from "fast-check";
import type { PresentedCertificate } from "../../src/authentication/authenticator.ts";
import { createClientCertificateAuthenticator } from "../../src/authentication/client-certificate.ts";
import { CountersignError } from "../../src/errors.ts";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { type CertificateParts, rootCertificate, type TestCertificate } from "./certificates.ts";
import { noon, stoppedClock } from "./minting.ts";
import { verdictOf } from "./outcome.ts";

const root = rootCertificate();
const caBundle = [root.certificate];
const clock = stoppedClock();

function authenticator(names: readonly string[], ca: () => readonly X509Certificate[] = () => caBundle) {
  return createClientCertificateAuthenticator({ names, ca, clock });
}

const present = ({ raw }: TestCertificate, ...chain: TestCertificate[]) => ({
  authorization: [],
  clientCertificate: { raw, chain: chain.map((certificate) => certificate.raw) },
});

const judge = (certificate: TestCertificate, names: readonly string[] = ["kube-apiserver"]) =>
  verdictOf(() => authenticator(names).authenticateRequest(present(certificate)));

describe("createClientCertificateAuthenticator", () => {
  it("cannot be made without names: a CA alone says too little", () => {
    for (const names of [[], [""], ["a", ""]])
      expect(() => authenticator(names))
        .to.throw(CountersignError, /names/)
        .with.property("code", "ERR_CONFIGURATION");
  });

  it("has no opinion without a certificate", () =>
    expect(authenticator(["a"]).authenticateRequest({ authorization: [] })).to.equal(undefined));

  it("makes a caller of the subject, as an API server does", () => {
    const leaf = root.issue({ organizations: ["system:masters", "b"], notAfter: noon + 60 });
    expect(authenticator(["kube-apiserver"]).authenticateRequest(present(leaf))).to.deep.equal({
      method: "clientCertificate",
      user: {
        username: "kube-apiserver",
        groups: ["system:masters", "b", "system:authenticated"],
        extra: {
          "authentication.kubernetes.io/credential-id": [
            `X509SHA256=${createHash("sha256").update(leaf.raw).digest("hex")}`,
          ],
        },
      },
      expiresAt: (noon + 60) * 1000,
    });
  });

  it("ends with the first of the chain to end", () => {
    const ca = root.issue({ commonNames: ["ca"], ca: true, usages: undefined, notAfter: noon + 30 });
    const caller = authenticator(["kube-apiserver"]).authenticateRequest(present(ca.issue(), ca));
    expect(caller).to.have.property("expiresAt", (noon + 30) * 1000);
  });

  const accepted: Readonly<Record<string, readonly [CertificateParts, string[]]>> = {
    "its common name": [{}, ["kube-apiserver"]],
    "one of several listed": [{}, ["front-proxy", "kube-apiserver"]],
    "the last of several common names, as Go reads it": [
      { commonNames: ["x", "kube-apiserver"] },
      ["kube-apiserver"],
    ],
    "a DNS name": [{ commonNames: ["x"], dnsNames: ["a.example", "b.example"] }, ["b.example"]],
    "a DNS name without any common name": [{ commonNames: [], dnsNames: ["a.example"] }, ["a.example"]],
  };
  for (const [name, [parts, names]] of Object.entries(accepted))
    it(`accepts ${name}`, async () => expect(await judge(root.issue(parts), names)).to.equal("accepted"));

  const unnamed: Readonly<Record<string, readonly [CertificateParts, string[]]>> = {
    "another name": [{ commonNames: ["kubelet"] }, ["kube-apiserver"]],
    "a name in other case": [{}, ["Kube-apiserver"]],
    "a name that begins alike": [{ commonNames: ["kube-apiserver-kubelet-client"] }, ["kube-apiserver"]],
    "the first of two common names": [{ commonNames: ["kube-apiserver", "x"] }, ["kube-apiserver"]],
    "a wildcard that would match": [{ commonNames: ["x"], dnsNames: ["*.example"] }, ["a.example"]],
    "a listed name that looks like a pattern": [{ commonNames: ["a.example"] }, ["*.example"]],
    "an organization of that name": [
      { commonNames: ["x"], organizations: ["kube-apiserver"] },
      ["kube-apiserver"],
    ],
    "a common name with another attribute written into it": [
      { commonNames: ["x\nCN=kube-apiserver"] },
      ["kube-apiserver"],
    ],
    "a DNS name with another written into it": [
      { commonNames: ["x"], dnsNames: ["x, DNS:kube-apiserver"] },
      ["kube-apiserver"],
    ],
    "a DNS name that ends early": [
      { commonNames: ["x"], dnsNames: ["kube-apiserver\0.evil.io"] },
      ["kube-apiserver"],
    ],
    "no name at all": [{ commonNames: [] }, ["kube-apiserver"]],
  };
  for (const [name, [parts, names]] of Object.entries(unnamed))
    it(`refuses ${name}`, async () =>
      expect(await judge(root.issue(parts), names)).to.equal("ERR_CERTIFICATE_UNNAMED"));

  it("refuses a certificate of another CA, with the listed name", async () =>
    expect(await judge(rootCertificate().issue())).to.equal("ERR_CERTIFICATE_UNTRUSTED"));

  it("refuses bytes that are no certificate, in the leaf or beside it", async () => {
    const leaf = root.issue();
    const cases: PresentedCertificate[] = [
      { raw: Buffer.alloc(0), chain: [] },
      { raw: Buffer.from("certificate"), chain: [] },
      { raw: leaf.raw, chain: [Buffer.from("x")] },
    ];
    for (const clientCertificate of cases)
      expect(
        await verdictOf(() =>
          authenticator(["kube-apiserver"]).authenticateRequest({ authorization: [], clientCertificate }),
        ),
      ).to.equal("ERR_CERTIFICATE_UNTRUSTED");
  });

  it("refuses or accepts, and never fails otherwise, whatever byte of a certificate is changed", async () => {
    const leaf = root.issue();
    await fc.assert(
      fc.asyncProperty(fc.nat(leaf.raw.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const raw = Buffer.from(leaf.raw);
        raw[at]! ^= change;
        const clientCertificate = { raw, chain: [] };
        const verdict = await verdictOf(() =>
          authenticator(["kube-apiserver"]).authenticateRequest({ authorization: [], clientCertificate }),
        );
        expect(verdict).to.match(/^ERR_CERTIFICATE_/);
      }),
      { numRuns: 500 },
    );
  });

  describe("remembers what it found out of a connection's certificate", () => {
    const credentials = present(root.issue({ notAfter: noon + 60 }));

    it("answers the same caller", () => {
      const same = authenticator(["kube-apiserver"]);
      expect(same.authenticateRequest(credentials)).to.equal(same.authenticateRequest(credentials));
    });

    it("until one of the chain ends", async () => {
      const own = stoppedClock();
      const ending = createClientCertificateAuthenticator({
        names: ["kube-apiserver"],
        ca: () => caBundle,
        clock: own,
      });
      expect(await verdictOf(() => ending.authenticateRequest(credentials))).to.equal("accepted");
      own.advance(60_001);
      expect(await verdictOf(() => ending.authenticateRequest(credentials))).to.equal(
        "ERR_CERTIFICATE_UNTRUSTED",
      );
    });

    it("until the CA certificates change", async () => {
      let bundle: readonly X509Certificate[] = caBundle;
      const reloading = authenticator(["kube-apiserver"], () => bundle);
      expect(await verdictOf(() => reloading.authenticateRequest(credentials))).to.equal("accepted");
      bundle = [rootCertificate().certificate];
      expect(await verdictOf(() => reloading.authenticateRequest(credentials))).to.equal(
        "ERR_CERTIFICATE_UNTRUSTED",
      );
    });
  });

  it("accepts what a real TLS listener saw, and not a foreign certificate that the handshake let in", async () => {
    const authority = createCertificateAuthority();
    const serving = authority.issue({ commonName: "server", ipAddresses: ["127.0.0.1"] });
    const server = createServer({
      cert: serving.certificatePem,
      key: serving.keyPem,
      ca: authority.certificatePem,
      requestCert: true,
      rejectUnauthorized: false,
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const real = createClientCertificateAuthenticator({
      names: ["kube-apiserver"],
      ca: () => [new X509Certificate(authority.certificatePem)],
    });
    const verdicts: string[] = [];
    try {
      for (const signer of [authority, createCertificateAuthority()]) {
        const { certificatePem: cert, keyPem: key } = signer.issue({ commonName: "kube-apiserver" });
        const accepted = once(server, "secureConnection");
        const client = connect({
          ...(server.address() as AddressInfo),
          host: "127.0.0.1",
          ca: authority.certificatePem,
          cert,
          key,
        });
        const [socket] = (await accepted) as [TLSSocket];
        const clientCertificate = { raw: socket.getPeerCertificate().raw, chain: [] };
        verdicts.push(
          await verdictOf(() => real.authenticateRequest({ authorization: [], clientCertificate })),
        );
        client.destroy();
        socket.destroy();
      }
    } finally {
      server.close();
    }
    expect(verdicts).to.deep.equal(["accepted", "ERR_CERTIFICATE_UNTRUSTED"]);
  });
});
