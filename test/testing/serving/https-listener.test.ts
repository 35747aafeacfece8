import { type RequestOptions, request } from "node:https";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { expect } from "chai";
import { frontProxyConfiguration } from "../../../src/testing/authentication/front-proxy.ts";
import { createRequestAuthentication } from "../../../src/testing/authentication/request-authentication.ts";
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from "../../../src/testing/certificates/certificate-authority.ts";
import { type ApiCall, ok } from "../../../src/testing/requests/api-call.ts";
import { createHttpsListener, type HttpsListener } from "../../../src/testing/serving/https-listener.ts";

const users = createCertificateAuthority({ commonName: "users" });
const proxies = createCertificateAuthority({ commonName: "proxies" });

describe("the embedded control plane's listener", () => {
  let listener: HttpsListener;
  let port: number;
  const calls: ApiCall[] = [];
  before(async () => {
    listener = createHttpsListener({
      ...users.issue({ commonName: "server", ipAddresses: ["127.0.0.1"] }),
      clientCaPems: [users.certificatePem, proxies.certificatePem],
      authentication: createRequestAuthentication({
        clientCaPem: users.certificatePem,
        requestHeader: frontProxyConfiguration(proxies.certificatePem),
        staticTokens: new Map([["static", { username: "admin", groups: ["system:masters"] }]]),
        serviceAccounts: { authenticate: () => undefined },
        audiences: [],
      }),
      authorizer: { authorize: () => ({ allowed: true, reason: "" }), rulesFor: () => [] },
      unservedFields: new Set(),
      answer: async (call) => {
        calls.push(call);
        return ok({});
      },
      now: () => Date.UTC(2030, 0, 1),
      onRequest: () => undefined,
    });
    port = await listener.listen(0);
  });
  beforeEach(() => calls.splice(0));
  after(() => listener.close());

  interface Answer {
    readonly status: number | undefined;
    readonly session: Buffer | undefined;
  }
  const send = (options: RequestOptions & Pick<ConnectionOptions, "session">): Promise<Answer> =>
    new Promise((resolve, reject) => {
      let session: Buffer | undefined;
      const address = { host: "127.0.0.1", port, ca: users.certificatePem, agent: false } as const;
      const sent = request({ ...address, ...options }, (response) => {
        const socket = response.socket as TLSSocket;
        response.resume().once("close", () => {
          resolve({ status: response.statusCode, session: session ?? socket.getSession() });
        });
      });
      sent.once("socket", (socket) => socket.on("session", (next: Buffer) => (session = next)));
      sent.once("error", reject).end();
    });
  const pairOf = (authority: CertificateAuthority, commonName: string): RequestOptions => {
    const { certificatePem: cert, keyPem: key } = authority.issue({ commonName });
    return { cert, key };
  };

  it("hands on what an answer depends on, and nothing by which a caller is known or wants to be", async () => {
    const pair = pairOf(proxies, "front-proxy-client");
    const headers = {
      Accept: "application/json",
      "Content-Type": "application/yaml",
      Authorization: "Bearer static",
      "X-Remote-User": "front",
      "X-Remote-Uid": "f-1",
      "X-Remote-Group": "system:masters",
      "X-Remote-Extra-Scope": "all",
      "Impersonate-User": "jane",
      "Sec-WebSocket-Protocol": "v4, base64url.bearer.authorization.k8s.io.c3RhdGlj",
      Cookie: "session=secret",
    };
    expect((await send({ ...pair, headers })).status).to.equal(200);
    const [call] = calls;
    expect(call!.headers).to.deep.equal({ accept: "application/json", "content-type": "application/yaml" });
    expect(call!.user).to.include({ username: "jane" });
    expect(call!.authenticatedBy).to.equal("requestHeader");
  });

  it("tells users' certificates from the front proxy's by who signed them", async () => {
    const headers = { "X-Remote-User": "eve" };
    for (const [pair, by, username] of [
      [pairOf(users, "jane"), "clientCertificate", "jane"],
      [pairOf(users, "front-proxy-client"), "clientCertificate", "front-proxy-client"],
      [pairOf(proxies, "front-proxy-client"), "requestHeader", "eve"],
      [{ headers: { authorization: "Bearer static" } }, "staticToken", "admin"],
      [{}, "anonymous", "system:anonymous"],
    ] as const) {
      calls.splice(0);
      await send({ ...pair, headers: { ...headers, ...("headers" in pair ? pair.headers : {}) } });
      expect(calls[0]).to.include({ authenticatedBy: by });
      expect(calls[0]!.user).to.include({ username });
    }
    for (const pair of [pairOf(proxies, "jane"), pairOf(createCertificateAuthority(), "front-proxy-client")])
      expect((await send({ ...pair, headers })).status).to.equal(401);
  });

  it("passes over no header, however many there are: nobody is taken for herself who asks to be another", async () => {
    const many = Array.from({ length: 1_100 }, (_, index) => [`X-${index}`, "a"]);
    const headers = {
      Host: "127.0.0.1",
      Authorization: "Bearer static",
      ...Object.fromEntries(many),
      "Impersonate-User": "jane",
    };
    expect((await send({ headers })).status).to.equal(200);
    expect(calls[0]!.user).to.include({ username: "jane" });
  });

  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const)
    it(`knows whose certificate an authority below has signed when a client comes back by ${maxVersion}`, async () => {
      const below = proxies.issueAuthority({ commonName: "below" });
      const { certificatePem, keyPem: key } = below.issue({ commonName: "front-proxy-client" });
      const tls = { cert: certificatePem + below.certificatePem, key, maxVersion };
      const headers = { "X-Remote-User": "eve" };
      const first = await send({ ...tls, headers });
      const again = await send({ ...tls, headers, session: first.session });
      expect([first.status, again.status]).to.deep.equal([200, 200]);
      expect(calls.map(({ user }) => user.username)).to.deep.equal(["eve", "eve"]);
    });
});
