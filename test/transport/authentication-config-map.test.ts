import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect } from "chai";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import {
  type AuthenticationConfigMap,
  watchAuthenticationConfigMap,
} from "../../src/transport/authentication-config-map.ts";
import { createRestClient, type RestClient } from "../../src/transport/rest-client.ts";
import { rejectionOf } from "../rejection.ts";
import { answerJSON, startTLSServer, type TLSServer } from "../tls-server.ts";

const clientCA = createCertificateAuthority({ commonName: "client-ca" }).certificatePem;
const proxyCA = createCertificateAuthority({ commonName: "front-proxy-ca" }).certificatePem;
const data = {
  "client-ca-file": clientCA,
  "requestheader-client-ca-file": proxyCA,
  "requestheader-username-headers": '["X-Remote-User"]',
  "requestheader-uid-headers": '["X-Remote-Uid"]',
  "requestheader-group-headers": '["X-Remote-Group"]',
  "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
  "requestheader-allowed-names": '["front-proxy-client"]',
};

describe("watchAuthenticationConfigMap", () => {
  let server: TLSServer;
  let client: RestClient;
  let answer: { readonly status: number; readonly body: unknown };
  let open: AuthenticationConfigMap | undefined;
  let reloads: unknown[];
  const note = (message: unknown): void => void reloads.push(message);
  before(async () => {
    server = await startTLSServer((request, response) => {
      expect(request.url).to.equal(
        "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication",
      );
      answerJSON(response, answer.status, answer.body);
    });
    client = createRestClient({ server: server.url, ca: server.ca });
  });
  beforeEach(() => {
    reloads = [];
    subscribe("countersign:reload", note);
  });
  afterEach(() => {
    unsubscribe("countersign:reload", note);
    open?.close();
    open = undefined;
  });
  after(async () => {
    client.close();
    await server.close();
  });
  const watch = async (body: unknown, status = 200): Promise<AuthenticationConfigMap> => {
    answer = { status, body };
    open = await watchAuthenticationConfigMap({ client });
    return open;
  };

  it("says which CA signs users, and which front proxy is believed", async () => {
    const map = await watch({ data });
    expect(map.clientCA().map(({ subject }) => subject)).to.deep.equal(["CN=client-ca"]);
    const { ca, ...rest } = map.requestHeader()!;
    expect(ca.map(({ subject }) => subject)).to.deep.equal(["CN=front-proxy-ca"]);
    expect(rest).to.deep.equal({
      allowedNames: ["front-proxy-client"],
      usernameHeaders: ["X-Remote-User"],
      uidHeaders: ["X-Remote-Uid"],
      groupHeaders: ["X-Remote-Group"],
      extraHeaderPrefixes: ["X-Remote-Extra-"],
    });
  });

  for (const [what, status, body] of [
    ["no such ConfigMap", 404, { kind: "Status", code: 404 }],
    ["an empty one", 200, { data: {} }],
    ["one without data", 200, {}],
  ] as const)
    it(`${what}: nobody is believed, and that is no error`, async () => {
      const map = await watch(body, status);
      expect([map.clientCA(), map.requestHeader()]).to.deep.equal([[], undefined]);
    });

  it("headers without a CA of the proxy are believed of nobody", async () => {
    const { "requestheader-client-ca-file": _, ...rest } = data;
    expect((await watch({ data: rest })).requestHeader()).to.equal(undefined);
  });

  it("lists that are missing are empty: any name of the proxy's CA, and no uid", async () => {
    const map = await watch({ data: { "requestheader-client-ca-file": proxyCA } });
    expect(map.requestHeader()).to.deep.include({ allowedNames: [], uidHeaders: [] });
    expect(map.clientCA()).to.deep.equal([]);
  });

  it("who may not read it is told which Role to bind", async () => {
    const error = await rejectionOf(watch({ kind: "Status", message: "forbidden", code: 403 }, 403));
    expect(error.code).to.equal("ERR_API_STATUS");
    expect(error.message).to.contain("extension-apiserver-authentication-reader");
  });

  for (const [what, more, code, named] of [
    ["a CA that is no PEM", { "client-ca-file": "x" }, "ERR_CERTIFICATE_INVALID", "client-ca-file"],
    [
      "a certificate that is none",
      { "requestheader-client-ca-file": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" },
      "ERR_CERTIFICATE_INVALID",
      "requestheader-client-ca-file",
    ],
    [
      "a list that is no JSON",
      { "requestheader-allowed-names": "front-proxy-client" },
      "ERR_CONFIGURATION",
      "requestheader-allowed-names",
    ],
    [
      "a list of something else",
      { "requestheader-group-headers": "[1]" },
      "ERR_CONFIGURATION",
      "requestheader-group-headers",
    ],
  ] as const)
    it(`${what} is an error that names it, and later keeps what was read before`, async () => {
      const broken = { data: { ...data, ...more } };
      const error = await rejectionOf(watch(broken));
      expect(error.code).to.equal(code);
      expect(error.message).to.contain(named);
      const map = await watch({ data });
      const kept = [map.clientCA(), map.requestHeader()];
      answer = { status: 200, body: broken };
      await map.check();
      expect(map.clientCA()).to.equal(kept[0]);
      expect(map.requestHeader()).to.equal(kept[1]);
      expect(reloads.at(-1)).to.deep.include({ what: "clientCA", outcome: "failed" });
    });

  it("what is unchanged stays the same object, and a change counts", async () => {
    const map = await watch({ data });
    const before = map.clientCA();
    await map.check();
    expect(map.clientCA()).to.equal(before);
    expect(reloads).to.deep.equal([]);
    answer = { status: 200, body: { data: { ...data, "client-ca-file": `${clientCA}\n${proxyCA}` } } };
    await map.check();
    expect(map.clientCA()).to.have.length(2);
    expect(reloads.at(-1)).to.deep.include({ outcome: "reloaded" });
  });

  it("keeps what it had when the ConfigMap goes, or cannot be read", async () => {
    const map = await watch({ data });
    for (const status of [404, 403, 500]) {
      answer = { status, body: { kind: "Status", code: status } };
      await map.check();
      expect(map.clientCA()).to.have.length(1);
    }
  });
});
