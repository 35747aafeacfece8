import { once } from "node:events";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { expect } from "chai";
import { parseCABundle } from "../../src/certificates/ca-bundle.ts";
import { createKubeletIdentity } from "../../src/kubelet/kubelet-identity.ts";
import { authority, clientPair, keyPair, servingCertificate } from "./kubelet-server.ts";

describe("the gateway's identity at kubelets", () => {
  const bundle = parseCABundle(authority.certificatePem, "kubelet-ca.crt");

  it("is the same object until certificate or CA are others", () => {
    let [pair, ca] = [clientPair, bundle];
    const identity = createKubeletIdentity({ clientCertificate: () => pair, ca: () => ca });
    const first = identity();
    expect(identity()).to.equal(first);
    pair = keyPair(authority.issue({ commonName: "renewed" }));
    const second = identity();
    expect([second === first, identity() === second]).to.deep.equal([false, true]);
    ca = parseCABundle(authority.certificatePem, "kubelet-ca.crt");
    expect(identity()).not.to.equal(second);
  });

  describe("where the process would speak TLS 1.1", () => {
    const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls;
    let server: tls.Server;
    let port: number;
    before(async () => {
      // as `--tls-min-v1.0` and `--tls-cipher-list` have it
      tls.DEFAULT_MIN_VERSION = "TLSv1";
      tls.DEFAULT_CIPHERS = "DEFAULT@SECLEVEL=0";
      const { certificatePem: cert, keyPem: key } = servingCertificate();
      server = tls.createServer({ cert, key, maxVersion: "TLSv1.1" }, (socket) => socket.resume());
      server.on("tlsClientError", () => undefined);
      await once(server.listen(0, "127.0.0.1"), "listening");
      ({ port } = server.address() as AddressInfo);
    });
    after(async () => {
      Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS });
      server.close();
      await once(server, "close");
    });

    async function protocolWith(secureContext: tls.SecureContext): Promise<string | null> {
      const socket = tls.connect({ host: "127.0.0.1", port, secureContext, rejectUnauthorized: false });
      try {
        await once(socket, "secureConnect");
        return socket.getProtocol();
      } catch (error) {
        return (error as NodeJS.ErrnoException).code ?? null;
      } finally {
        socket.destroy();
      }
    }

    it("does not", async () => {
      expect(await protocolWith(tls.createSecureContext())).to.equal("TLSv1.1");
      const { contexts } = createKubeletIdentity({ clientCertificate: () => clientPair, ca: () => bundle })();
      for (const transport of ["verified", "insecure"] as const)
        expect(await protocolWith(contexts[transport]), transport).to.match(/PROTOCOL_VERSION/);
    });
  });
});
