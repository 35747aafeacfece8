import { constants } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type RequestOptions, request, type ServerOptions } from "node:https";
import { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { expect } from "chai";
import type { PresentedCredentials } from "../../src/authentication/authenticator.ts";
import { presentedCredentials } from "../../src/authentication/presented-credentials.ts";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import { startTLSServer, type TLSServer } from "../tls-server.ts";
import { makeKey, rootCertificate, type TestCertificate } from "./certificates.ts";

describe("presentedCredentials", () => {
  let server: TLSServer;
  let ticketless: TLSServer;
  let seen: PresentedCredentials[];
  const listen = (more: ServerOptions = {}) =>
    startTLSServer(
      (incoming: IncomingMessage, response) => {
        seen.push(presentedCredentials(incoming));
        response.end();
      },
      { requestCert: true, rejectUnauthorized: false, ...more },
    );
  before(async () => {
    server = await listen();
    ticketless = await listen({ secureOptions: constants.SSL_OP_NO_TICKET });
  });
  beforeEach(() => {
    seen = [];
  });
  after(async () => {
    await server.close();
    await ticketless.close();
  });

  const callOver = (
    { url, ca }: TLSServer,
    tls: RequestOptions,
  ): Promise<{ session: Buffer | undefined; reused: boolean }> =>
    new Promise((resolve, reject) => {
      let session: Buffer | undefined;
      const outgoing = request(url, { ...tls, ca, agent: false });
      outgoing.once("error", reject);
      outgoing.once("socket", (socket) =>
        socket.on("session", (next: Buffer) => {
          session = next;
        }),
      );
      outgoing.once("response", (response) => {
        const reused = (response.socket as TLSSocket).isSessionReused();
        response.resume().once("close", () => resolve({ session, reused }));
      });
      outgoing.end();
    });

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
    for (const [what, listener, reused, intermediates] of [
      [
        "a session that is taken up again shows the certificate, without its intermediates",
        () => server,
        true,
        0,
      ],
      ["a listener without tickets takes none up, and is shown both", () => ticketless, false, 1],
    ] as const)
      it(`${maxVersion}: ${what}`, async () => {
        const authority = createCertificateAuthority().issueAuthority({ commonName: "intermediate" });
        const { certificatePem, keyPem: key } = authority.issue({ commonName: "jane" });
        const tls = { cert: certificatePem + authority.certificatePem, key, maxVersion };
        const { session } = await callOver(listener(), tls);
        const second = await callOver(listener(), { ...tls, ...(session && { session }) });
        expect(second.reused).to.equal(reused);
        const [first, again] = seen.map(({ clientCertificate }) => clientCertificate!);
        expect(again!.raw).to.deep.equal(first!.raw);
        expect([first!.chain.length, again!.chain.length]).to.deep.equal([1, intermediates]);
      });

  it("has all intermediates that were sent, two of one name among them, in the order in which they were", async () => {
    const keyPair = makeKey();
    const [ours, foreign] = [rootCertificate(), rootCertificate({ commonNames: ["foreign"] })].map((root) =>
      root.issue({ commonNames: ["inter"], ca: true, usages: undefined, keyPair }),
    ) as [TestCertificate, TestCertificate];
    const leafKey = makeKey();
    const leaf = ours.issue({ commonNames: ["jane"], keyPair: leafKey });
    const key = leafKey.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    for (const sent of [
      [foreign, ours],
      [ours, foreign],
    ]) {
      seen = [];
      await call({ cert: [leaf, ...sent].map(({ certificate }) => certificate.toString()).join(""), key });
      expect(seen[0]!.clientCertificate!.chain).to.deep.equal(sent.map(({ raw }) => raw));
    }
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

  it("has the path as it was sent, without its query; none where no url is given", () => {
    const socket = new Socket();
    const pathOf = (url?: string) => presentedCredentials({ rawHeaders: [], socket, url }).path;
    for (const [url, path] of [
      ["/healthz", "/healthz"],
      ["/healthz?verbose=1?x", "/healthz"],
      ["/%68ealthz", "/%68ealthz"],
      ["//a/../b#c", "//a/../b#c"],
      ["https://h/healthz", "https://h/healthz"],
      ["", ""],
      ["*", "*"],
    ] as const)
      expect(pathOf(url)).to.equal(path);
    expect(presentedCredentials({ rawHeaders: [], socket })).not.to.have.property("path");
  });
});
