import { expect } from "chai";
import type {
  CertificateAuthority,
  CertificateOptions,
} from "../../src/testing/certificates/certificate-authority.ts";
import {
  type ApiAnswer,
  type ApiClient,
  type ApiRequestOptions,
  createApiClient,
} from "../rig/api-client.ts";
import { expectFailure, object, paths } from "./objects.ts";
import type { Contract } from "./target.ts";

const path = `${paths.authentication}/selfsubjectreviews`;
const proxyName = "front-proxy-client";
const unauthorized = { code: 401, reason: "Unauthorized", message: "Unauthorized" };
const eve = { "X-Remote-User": "eve", "X-Remote-Group": "dev" };
const masters = { "X-Remote-User": "front", "X-Remote-Group": "system:masters" };

type Headers = NonNullable<ApiRequestOptions["headers"]>;

/** Users that a front proxy names: k8s.io/apiserver pkg/authentication/request/{headerrequest,x509,union}. */
export function describeFrontProxy(contract: Contract): void {
  const { check, admin, target } = contract;
  const clients: ApiClient[] = [];
  const by = (authority: CertificateAuthority, options: CertificateOptions): ApiClient => {
    const { url, caPem } = target();
    const client = createApiClient({ url, caPem, certificate: authority.issue(options) });
    clients.push(client);
    return client;
  };
  const proxy = (): ApiClient => by(target().frontProxyAuthority, { commonName: proxyName });
  const jane = (): ApiClient =>
    by(target().certificateAuthority, { commonName: "jane", organization: "dev" });
  const ask = (client: ApiClient, headers: Headers): Promise<ApiAnswer> =>
    client.request("POST", path, {
      // as bytes: node writes headers together with a text as UTF-8, and those of a test are bytes already
      body: Buffer.from("{}"),
      headers: { "content-type": "application/json", ...headers },
    });
  const who = async (client: ApiClient, headers: Headers): Promise<object> =>
    object<{ status: { userInfo: object } }>(await ask(client, headers)).status.userInfo;
  const expectAnonymous = (answer: ApiAnswer): void =>
    expectFailure(answer, {
      code: 403,
      reason: "Forbidden",
      message:
        'selfsubjectreviews.authentication.k8s.io is forbidden: User "system:anonymous" cannot create resource "selfsubjectreviews" in API group "authentication.k8s.io" at the cluster scope',
      details: { group: "authentication.k8s.io", kind: "selfsubjectreviews" },
    });

  describe("a front proxy", () => {
    afterEach(() => {
      for (const client of clients.splice(0)) client.close();
    });

    check("says who its user is, with uid, groups and extra", async () => {
      expect(
        await who(proxy(), {
          "X-Remote-User": "eve",
          "X-Remote-Uid": "e-1",
          "X-Remote-Group": ["dev", "a,b", "", "ops"],
          "X-Remote-Extra-Acme.example%2FScope": ["view", "x,y"],
          "X-Remote-Extra-Project": "one",
        }),
      ).to.deep.equal({
        username: "eve",
        uid: "e-1",
        groups: ["dev", "a,b", "ops", "system:authenticated"],
        extra: { "acme.example/scope": ["view", "x,y"], project: ["one"] },
      });
    });

    check("says of its user no more than the name where it has no more to say", async () => {
      expect(await who(proxy(), { "x-remote-user": "eve" })).to.deep.equal({
        username: "eve",
        groups: ["system:authenticated"],
      });
    });

    check("writes names in UTF-8", async () => {
      const username = "Zoë 中";
      const sent = Buffer.from(username, "utf8").toString("latin1");
      expect(await who(proxy(), { "X-Remote-User": sent })).to.include({ username });
    });

    check("may say that its user is anonymous", async () => {
      expectAnonymous(await ask(proxy(), { "X-Remote-User": "system:anonymous" }));
    });

    check("that names no user is nobody: 401, and not anonymous", async () => {
      for (const headers of [
        {},
        { "X-Remote-User": "" },
        { "X-Remote-Group": "system:masters" },
        { "X-Remote-Uid": "e-1", "X-Remote-Extra-Scope": "all" },
      ])
        expectFailure(await ask(proxy(), headers), unauthorized);
    });

    check("that names no user may present a token for him", async () => {
      const headers = { authorization: `Bearer ${target().adminToken}` };
      expect(await who(proxy(), headers)).to.include({ username: "admin" });
    });

    check("names its user whatever token stands beside him", async () => {
      for (const token of ["not-a-token", target().adminToken])
        expect(await who(proxy(), { ...eve, authorization: `Bearer ${token}` })).to.include({
          username: "eve",
        });
    });

    check("of another name is nobody, whomever it names", async () => {
      const { frontProxyAuthority } = target();
      for (const commonName of ["front-proxy", "Front-Proxy-Client", ""])
        expectFailure(await ask(by(frontProxyAuthority, { commonName }), masters), unauthorized);
      const server = by(frontProxyAuthority, { commonName: proxyName, usages: ["serverAuth"] });
      expectFailure(await ask(server, masters), unauthorized);
    });

    check("may have its certificate from an authority below, which it sends along", async () => {
      const below = target().frontProxyAuthority.issueAuthority({ commonName: "below" });
      const { url, caPem } = target();
      const { certificatePem, keyPem } = below.issue({ commonName: proxyName });
      const withChain = { certificatePem: certificatePem + below.certificatePem, keyPem };
      for (const [certificate, status] of [
        [withChain, 201],
        [{ certificatePem, keyPem }, 401],
      ] as const) {
        const client = createApiClient({ url, caPem, certificate });
        clients.push(client);
        expect((await ask(client, eve)).status).to.equal(status);
      }
    });

    check("is nobody with a user's certificate, even under its own name", async () => {
      expect(await who(jane(), { ...masters, "X-Remote-Uid": "e-1" })).to.deep.include({
        username: "jane",
        groups: ["dev", "system:authenticated"],
      });
      const namesake = by(target().certificateAuthority, { commonName: proxyName });
      expect(await who(namesake, masters)).to.deep.include({
        username: proxyName,
        groups: ["system:authenticated"],
      });
    });

    check("is nobody with a token, or with nothing", async () => {
      expect(await who(admin(), eve)).to.include({ username: "admin" });
      const nobody = admin().as();
      clients.push(nobody);
      expectAnonymous(await ask(nobody, masters));
    });

    check("does not let its certificate be a user's", async () => {
      const { frontProxyAuthority } = target();
      const mallory = by(frontProxyAuthority, { commonName: "mallory", organization: "system:masters" });
      expectFailure(await ask(mallory, {}), unauthorized);
    });

    check("names whom authorization judges", async () => {
      expect((await proxy().get("/api/v1/secrets", masters)).status).to.equal(200);
      expectFailure(await proxy().get("/api/v1/secrets", eve), {
        code: 403,
        reason: "Forbidden",
        message:
          'secrets is forbidden: User "eve" cannot list resource "secrets" in API group "" at the cluster scope',
        details: { kind: "secrets" },
      });
    });

    check("names who impersonates, where he may", async () => {
      const headers = {
        "Impersonate-User": "jane",
        "Impersonate-Group": "ops",
        "Impersonate-Uid": "j-1",
        "Impersonate-Extra-Scope": "view",
      };
      expect(await who(proxy(), { ...masters, ...headers, "X-Remote-Uid": "f-1" })).to.deep.equal({
        username: "jane",
        uid: "j-1",
        groups: ["ops", "system:authenticated"],
        extra: { scope: ["view"] },
      });
    });

    check("does not let its user impersonate who may not", async () => {
      const answer = await ask(proxy(), { ...eve, "Impersonate-User": "jane" });
      expect(answer.body).to.containSubset({ kind: "Status", code: 403, reason: "Forbidden" });
      expect((answer.body as { message: string }).message).to.contain('User "eve" cannot impersonate');
    });

    check("is known to aggregated servers by the ConfigMap that they read", async () => {
      const { certificateAuthority, frontProxyAuthority } = target();
      const answer = await admin().get(
        `${paths.namespaces}/kube-system/configmaps/extension-apiserver-authentication`,
      );
      expect(object<{ data: object }>(answer, 200).data).to.deep.equal({
        "client-ca-file": certificateAuthority.certificatePem,
        "requestheader-allowed-names": '["front-proxy-client"]',
        "requestheader-client-ca-file": frontProxyAuthority.certificatePem,
        "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
        "requestheader-group-headers": '["X-Remote-Group"]',
        "requestheader-uid-headers": '["X-Remote-Uid"]',
        "requestheader-username-headers": '["X-Remote-User"]',
      });
    });
  });

  describe("a token", () => {
    const asNobody = async (headers: Headers): Promise<ApiAnswer> => {
      const nobody = admin().as();
      clients.push(nobody);
      return ask(nobody, headers);
    };
    afterEach(() => {
      for (const client of clients.splice(0)) client.close();
    });

    check("behind two spaces is none, and that is told", async () => {
      const answer = await asNobody({ authorization: `Bearer  ${target().adminToken}` });
      expectAnonymous(answer);
      expect(answer.headers.warning).to.equal(
        '299 - "the provided Authorization header contains extra space before the bearer token, and is ignored"',
      );
    });

    check("before a third word is the second", async () => {
      expect((await asNobody({ authorization: `bearer ${target().adminToken} extra` })).status).to.equal(201);
    });

    check("may stand among the subprotocols of a WebSocket", async () => {
      const asking = (token: string): Promise<ApiAnswer> => {
        const encoded = Buffer.from(token).toString("base64url");
        return asNobody({
          connection: "Upgrade",
          upgrade: "websocket",
          "sec-websocket-protocol": `v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.${encoded}`,
        });
      };
      expect((await asking(target().adminToken)).status).to.equal(201);
      expectFailure(await asking("not-a-token"), unauthorized);
    });

    check("is not looked at where a certificate says who it is", async () => {
      expect(await who(jane(), { authorization: "Bearer not-a-token" })).to.include({ username: "jane" });
    });

    check("makes up for a certificate of nobody's, and not for one beside a bad one", async () => {
      const stranger = by(target().frontProxyAuthority, { commonName: "stranger" });
      const good = { authorization: `Bearer ${target().adminToken}` };
      expect(await who(stranger, good)).to.include({ username: "admin" });
      expectFailure(await ask(stranger, { authorization: "Bearer not-a-token" }), unauthorized);
    });
  });
}
