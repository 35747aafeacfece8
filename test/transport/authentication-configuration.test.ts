import { X509Certificate } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { createCertificateAuthority } from "../../src/testing/certificates/certificate-authority.ts";
import {
  type AuthenticationConfiguration,
  nobodyBelieved,
  takeConfiguration,
} from "../../src/transport/authentication-configuration.ts";

const pemOf = (commonName: string): string => createCertificateAuthority({ commonName }).certificatePem;
const clientCA = pemOf("client-ca");
const proxyCA = pemOf("front-proxy-ca");
const data = {
  "client-ca-file": clientCA,
  "requestheader-client-ca-file": proxyCA,
  "requestheader-username-headers": '["X-Remote-User"]',
  "requestheader-uid-headers": '["X-Remote-Uid"]',
  "requestheader-group-headers": '["X-Remote-Group"]',
  "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
  "requestheader-allowed-names": '["front-proxy-client"]',
};

function good(what: unknown, last = nobodyBelieved): AuthenticationConfiguration {
  const { configuration, faults } = takeConfiguration(what, last);
  expect(faults).to.deep.equal([]);
  return configuration;
}
const subjects = ({ clientCA: certificates }: AuthenticationConfiguration): string[] =>
  certificates.map(({ subject }) => subject);

describe("takeConfiguration", () => {
  it("says which CA signs users, and which front proxy is believed", () => {
    const taken = good(data);
    expect(subjects(taken)).to.deep.equal(["CN=client-ca"]);
    const { ca, ...rest } = taken.requestHeader!;
    expect(ca.map(({ subject }) => subject)).to.deep.equal(["CN=front-proxy-ca"]);
    expect(rest).to.deep.equal({
      allowedNames: ["front-proxy-client"],
      usernameHeaders: ["X-Remote-User"],
      uidHeaders: ["X-Remote-Uid"],
      groupHeaders: ["X-Remote-Group"],
      extraHeaderPrefixes: ["X-Remote-Extra-"],
    });
  });

  for (const nothing of [undefined, null, {}, [], "text", 1, { "client-ca-file": "" }])
    it(`${JSON.stringify(nothing)} for data: nobody is believed, and that is no fault`, () =>
      expect(good(nothing)).to.deep.include({ clientCA: [], requestHeader: undefined }));

  it("headers without a CA of the proxy are believed of nobody", () => {
    const { "requestheader-client-ca-file": _, ...rest } = data;
    expect(good(rest).requestHeader).to.equal(undefined);
  });

  it("lists that are missing are empty: any name of the proxy's CA, and no uid", () => {
    const { requestHeader, clientCA: users } = good({ "requestheader-client-ca-file": proxyCA });
    expect(requestHeader).to.deep.include({ allowedNames: [], uidHeaders: [], usernameHeaders: [] });
    expect(users).to.deep.equal([]);
  });

  it("a list that is null is empty: Go writes a slice of nothing so", () => {
    const { requestHeader } = good({ ...data, "requestheader-allowed-names": "null" });
    expect(requestHeader).to.deep.include({ allowedNames: [], usernameHeaders: ["X-Remote-User"] });
  });

  it("what is written the same stays the same object, by which verifiers remember", () => {
    const first = good(data);
    const second = good({ ...data }, first);
    expect([second.clientCA, second.requestHeader]).to.deep.equal([first.clientCA, first.requestHeader]);
    expect(second.clientCA).to.equal(first.clientCA);
    expect(second.requestHeader).to.equal(first.requestHeader);
  });

  it("a part that changes leaves the other as it is", () => {
    const first = good(data);
    const users = good({ ...data, "client-ca-file": `${clientCA}\n${proxyCA}` }, first);
    expect(subjects(users)).to.deep.equal(["CN=client-ca", "CN=front-proxy-ca"]);
    expect(users.requestHeader).to.equal(first.requestHeader);
    const names = good({ ...data, "requestheader-allowed-names": '["other"]' }, first);
    expect(names.clientCA).to.equal(first.clientCA);
    expect(names.requestHeader!.allowedNames).to.deep.equal(["other"]);
  });

  const brokenCertificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
  const rows: readonly (readonly [string, string, unknown, string])[] = [
    ["a CA that is no PEM", "client-ca-file", "x", "ERR_CERTIFICATE_INVALID"],
    ["a certificate that is none", "client-ca-file", brokenCertificate, "ERR_CERTIFICATE_INVALID"],
    [
      "a good and a broken one",
      "client-ca-file",
      `${clientCA}${brokenCertificate}`,
      "ERR_CERTIFICATE_INVALID",
    ],
    ["a certificate cut in the middle", "client-ca-file", clientCA.slice(0, 200), "ERR_CERTIFICATE_INVALID"],
    [
      "a key for a certificate",
      "client-ca-file",
      "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
      "ERR_CERTIFICATE_INVALID",
    ],
    ["a CA that is no text", "client-ca-file", 1, "ERR_CONFIGURATION"],
    ["a CA that is gone", "client-ca-file", undefined, "ERR_CONFIGURATION"],
    ["a CA that is empty", "client-ca-file", "", "ERR_CONFIGURATION"],
    [
      "a proxy's CA that is none",
      "requestheader-client-ca-file",
      brokenCertificate,
      "ERR_CERTIFICATE_INVALID",
    ],
    ["a proxy's CA that is gone", "requestheader-client-ca-file", undefined, "ERR_CONFIGURATION"],
    ["a list that is no JSON", "requestheader-allowed-names", "front-proxy-client", "ERR_CONFIGURATION"],
    ["a list of something else", "requestheader-group-headers", "[1]", "ERR_CONFIGURATION"],
    ["a list that is an object", "requestheader-uid-headers", "{}", "ERR_CONFIGURATION"],
    ["a list that is no text", "requestheader-username-headers", ["X-Remote-User"], "ERR_CONFIGURATION"],
  ];
  for (const [what, key, value, code] of rows)
    it(`${what} is told by its key, and stays as it was; the other part is taken`, () => {
      const first = good(data);
      const other =
        key === "client-ca-file"
          ? { "requestheader-allowed-names": '["new"]' }
          : { "client-ca-file": proxyCA };
      const { configuration, faults } = takeConfiguration({ ...data, ...other, [key]: value }, first);
      expect(faults.map((fault) => fault.code)).to.deep.equal([code]);
      expect(faults[0]!.message).to.contain(key === "client-ca-file" ? key : "requestheader-");
      if (key === "client-ca-file") {
        expect(configuration.clientCA).to.equal(first.clientCA);
        expect(configuration.requestHeader!.allowedNames).to.deep.equal(["new"]);
      } else {
        expect(configuration.requestHeader).to.equal(first.requestHeader);
        expect(subjects(configuration)).to.deep.equal(["CN=front-proxy-ca"]);
      }
    });

  it("tells both parts where both are broken, and shows nothing of what was there instead", () => {
    const secret = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
    const { configuration, faults } = takeConfiguration(
      { "client-ca-file": secret, "requestheader-client-ca-file": secret },
      nobodyBelieved,
    );
    expect(configuration).to.deep.include({ clientCA: [], requestHeader: undefined });
    expect(faults).to.have.length(2);
    for (const { message } of faults) expect(message).not.to.contain("c2VjcmV0");
  });

  it("is taken again once it is good", () => {
    const first = good(data);
    const { configuration } = takeConfiguration({ ...data, "client-ca-file": "x" }, first);
    expect(subjects(good({ ...data, "client-ca-file": proxyCA }, configuration))).to.deep.equal([
      "CN=front-proxy-ca",
    ]);
    expect(good(data, configuration).clientCA).to.equal(first.clientCA);
  });

  it("whatever is written there: believed is what was good, or what is written is good", () => {
    const value = fc.oneof(
      fc.constantFrom(
        clientCA,
        proxyCA,
        `${clientCA}${proxyCA}`,
        clientCA.slice(1),
        `${clientCA}x`,
        '["X"]',
        "[]",
        "{",
        "",
      ),
      fc.string(),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const key = fc.constantFrom(...Object.keys(data), "__proto__", "constructor");
    const first = good(data);
    const known = new Set([clientCA, proxyCA].map((pem) => new X509Certificate(pem).fingerprint256));
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(key, value), fc.jsonValue()), (written) => {
        const { configuration, faults } = takeConfiguration(written, first);
        for (const { code } of faults) expect(code).to.match(/^ERR_(?:CONFIGURATION|CERTIFICATE_INVALID)$/);
        expect(configuration.clientCA).not.to.have.length(0);
        for (const { fingerprint256 } of [...configuration.clientCA, ...configuration.requestHeader!.ca])
          expect(known.has(fingerprint256)).to.equal(true);
        for (const names of Object.values(configuration.requestHeader!).slice(1))
          for (const name of names) expect(name).to.be.a("string");
      }),
      { numRuns: 1000 },
    );
  });
});
