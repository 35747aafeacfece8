import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { expect } from "chai";
import type { PresentedCredentials } from "../../src/authentication/authenticator.ts";
import { presentedCredentials } from "../../src/authentication/presented-credentials.ts";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { startTLSServer, type TLSServer } from "../tls-server.ts";

describe("presentedCredentials", () => {
  let server: TLSServer;
  let seen: PresentedCredentials[];
  before(async () => {
    server = await startTLSServer(
      (incoming: IncomingMessage, response) => {
        seen.push(presentedCredentials(incoming));
        response.end();
      },
      { requestCert: true, rejectUnauthorized: false },
    );
  });
  beforeEach(() => {
    seen = [];
  });
  after(() => server.close());

  const call = (tls: { readonly cert?: string; readonly key?: string }): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = ["Host", "x", "authorization", "Bearer one", "AUTHORIZATION", "Bearer two"];
      request(server.url, { ...tls, ca: server.ca, headers, agent: false })
        .once("response", (response) => response.resume().once("end", resolve))
        .once("error", reject)
        .end();
    });

  it("is every Authorization, every header and the certificate, whoever signed it", async () => {
    const { certificatePem: cert, keyPem: key } = createCertificateAuthority().issue({ commonName: "jane" });
    await call({ cert, key });
    expect(seen[0]!.authorization).to.deep.equal(["Bearer one", "Bearer two"]);
    expect(seen[0]!.rawHeaders!.slice(0, 4)).to.deep.equal(["Host", "x", "authorization", "Bearer one"]);
    expect(seen[0]!.clientCertificate!.raw.toString("latin1")).to.contain("jane");
  });

  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const)
    it(`is the certificate also where a session of ${maxVersion} is taken up again`, async () => {
      const { certificatePem: cert, keyPem: key } = createCertificateAuthority().issue({
        commonName: "jane",
      });
      const tls = { cert, key, ca: server.ca, maxVersion, agent: false } as const;
      const ask = (session?: Buffer): Promise<{ session: Buffer; reused: boolean }> =>
        new Promise((resolve, reject) => {
          let held = session;
          const outgoing = request(server.url, { ...tls, ...(session && { session }) });
          outgoing.once("error", reject);
          outgoing.once("socket", (socket) =>
            socket.on("session", (next: Buffer) => {
              held = next;
            }),
          );
          outgoing.once("response", (response) => {
            const reused = (response.socket as TLSSocket).isSessionReused();
            response.resume().once("close", () => resolve({ session: held!, reused }));
          });
          outgoing.end();
        });
      const first = await ask();
      const second = await ask(first.session);
      expect(second.reused).to.equal(true);
      expect(seen.map(({ clientCertificate }) => clientCertificate?.raw)).to.deep.equal([
        seen[0]!.clientCertificate!.raw,
        seen[0]!.clientCertificate!.raw,
      ]);
    });

  it("has no certificate where the peer sent none", async () => {
    await call({});
    expect(seen[0]).to.not.have.property("clientCertificate");
  });

  it("has none on a connection without TLS, and the value of a header is not mistaken for a name", () => {
    const socket = new Socket();
    expect(presentedCredentials({ rawHeaders: ["X", "authorization", "Y", "z"], socket })).to.deep.equal({
      authorization: [],
      rawHeaders: ["X", "authorization", "Y", "z"],
    });
  });
});
