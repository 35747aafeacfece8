import type { IncomingMessage, ServerResponse } from "node:http";
import { expect } from "chai";
import { Secret } from "../../src/secret.ts";
import { createClusterKeySource, createRemoteKeySource } from "../../src/transport/key-sources.ts";
import { createRestClient } from "../../src/transport/rest-client.ts";
import { rejectionOf } from "../rejection.ts";
import { answerJSON, startTLSServer, type TLSServer } from "../tls-server.ts";

const jwks = { keys: [{ kty: "RSA", kid: "a" }] };
const signal = new AbortController().signal;

describe("key sources", () => {
  let server: TLSServer;
  let documents: Record<string, unknown>;
  let seen: { url: string | undefined; authorization: string | undefined }[];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    seen.push({ url: request.url, authorization: request.headers.authorization });
    const found = documents[request.url ?? ""];
    if (typeof found === "function") found(response);
    else
      answerJSON(response, found === undefined ? 404 : 200, found ?? {}, {
        "Content-Type": "application/jwk-set+json",
      });
  };
  before(async () => {
    server = await startTLSServer(listener);
  });
  beforeEach(() => {
    seen = [];
    documents = {};
  });
  after(() => server.close());

  describe("of a cluster", () => {
    const source = () =>
      createClusterKeySource(
        createRestClient({
          server: server.url,
          ca: server.ca,
          token: { token: async () => ({ token: new Secret("pod"), requestedAt: 0, expiresAt: 9e15 }) },
        }),
      );

    it("asks the API server's own address with its credentials and takes the issuer from discovery", async () => {
      documents["/.well-known/openid-configuration"] = {
        issuer: "https://kubernetes.default.svc",
        jwks_uri: "https://elsewhere.example/keys",
      };
      documents["/openid/v1/jwks"] = jwks;
      expect(await source().fetchKeys({ signal })).to.deep.equal({
        issuer: "https://kubernetes.default.svc",
        jwks,
      });
      expect(seen.map(({ authorization }) => authorization)).to.deep.equal(["Bearer pod", "Bearer pod"]);
    });

    it("says what the discovery document lacks", async () => {
      documents["/.well-known/openid-configuration"] = {};
      expect((await rejectionOf(source().fetchKeys({ signal }))).message).to.match(/has no issuer/);
      documents["/.well-known/openid-configuration"] = [];
      expect((await rejectionOf(source().fetchKeys({ signal }))).message).to.match(/JSON object/);
    });
  });

  describe("of a remote issuer", () => {
    const source = (path = "") => createRemoteKeySource({ issuerUrl: `${server.url}${path}`, ca: server.ca });
    const discovery = "/.well-known/openid-configuration";

    it("asks without credentials and follows jwks_uri on the same origin", async () => {
      documents[discovery] = { issuer: server.url, jwks_uri: `${server.url}/keys?v=1` };
      documents["/keys?v=1"] = jwks;
      expect(await source().fetchKeys({ signal })).to.deep.equal({ issuer: server.url, jwks });
      expect(seen.map(({ authorization }) => authorization)).to.deep.equal([undefined, undefined]);
    });

    it("finds the discovery document below an issuer with a path", async () => {
      documents[`/tenant/a${discovery}`] = {
        issuer: `${server.url}/tenant/a`,
        jwks_uri: `${server.url}/keys`,
      };
      documents["/keys"] = jwks;
      expect((await source("/tenant/a").fetchKeys({ signal })).jwks).to.deep.equal(jwks);
    });

    it("never goes to another origin for keys", async () => {
      const { port } = server;
      for (const elsewhere of [
        `https://localhost:${port}/keys`,
        `http://127.0.0.1:${port}/keys`,
        "keys",
        "file:///k",
      ]) {
        documents[discovery] = { issuer: server.url, jwks_uri: elsewhere };
        expect(await rejectionOf(source().fetchKeys({ signal })), elsewhere).to.include({
          code: "ERR_ISSUER_UNAVAILABLE",
        });
      }
      expect(seen.every(({ url }) => url === discovery)).to.equal(true);
    });

    it("does not take the document of another issuer", async () => {
      documents[discovery] = { issuer: "https://other.example", jwks_uri: `${server.url}/keys` };
      expect((await rejectionOf(source().fetchKeys({ signal }))).message).to.match(/other\.example/);
    });

    it("follows no redirect and reads at most 1 MiB", async () => {
      documents[discovery] = (response: ServerResponse) => response.writeHead(302, { Location: "/x" }).end();
      expect(await rejectionOf(source().fetchKeys({ signal }))).to.include({ code: "ERR_API_STATUS" });
      documents[discovery] = (response: ServerResponse) =>
        response.writeHead(200).end(Buffer.alloc(2 ** 20 + 1));
      expect((await rejectionOf(source().fetchKeys({ signal }))).message).to.match(/more than 1048576 bytes/);
    });

    it("refuses an issuer that is no https URL", () => {
      for (const issuerUrl of ["http://h.example", "kubernetes", ""])
        expect(() => createRemoteKeySource({ issuerUrl })).to.throw(/no https URL/);
    });

    it("stops when it is told to", async () => {
      documents[discovery] = () => undefined;
      const reason = new Error("stop");
      const outcome = await source()
        .fetchKeys({ signal: AbortSignal.abort(reason) })
        .catch((error: unknown) => error);
      expect(outcome).to.equal(reason);
    });
  });
});
