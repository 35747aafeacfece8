import { expect } from "chai";
import type { Caller } from "../../src/authentication/authenticator.ts";
import {
  createRequestHeaderAuthenticator,
  type RequestHeaderConfiguration,
} from "../../src/authentication/request-header.ts";
import { rootCertificate, type TestCertificate } from "./certificates.ts";
import { stoppedClock } from "./minting.ts";
import { outcomeOf, verdictOf } from "./outcome.ts";

const root = rootCertificate();
const proxy = root.issue({ commonNames: ["front-proxy-client"] });
const clock = stoppedClock();
const configuration: RequestHeaderConfiguration = {
  ca: [root.certificate],
  allowedNames: ["front-proxy-client"],
  usernameHeaders: ["X-Remote-User", "X-Other-User"],
  uidHeaders: ["X-Remote-Uid"],
  groupHeaders: ["X-Remote-Group", "X-Team"],
  extraHeaderPrefixes: ["X-Remote-Extra-", "X-More-"],
};

interface Sent {
  readonly certificate?: TestCertificate | undefined;
  readonly headers?: readonly string[];
  readonly believed?: Partial<RequestHeaderConfiguration>;
}

const ask = ({ certificate, headers = ["X-Remote-User", "jane"], believed }: Sent) =>
  createRequestHeaderAuthenticator({
    configuration: () => ({ ...configuration, ...believed }),
    clock,
  }).authenticateRequest({
    authorization: [],
    rawHeaders: headers,
    ...(certificate && { clientCertificate: { raw: certificate.raw, chain: [] } }),
  });

const userOf = async (...headers: string[]) => {
  const outcome = await outcomeOf(() => ask({ certificate: proxy, headers }));
  return (outcome as Caller | undefined)?.user;
};

describe("createRequestHeaderAuthenticator", () => {
  describe("believes no header", () => {
    it("without a certificate: no opinion", async () => {
      expect(await verdictOf(() => ask({}))).to.equal("no opinion");
    });

    it("while nothing is configured: no opinion", async () => {
      const off = createRequestHeaderAuthenticator({ configuration: () => undefined });
      const clientCertificate = { raw: proxy.raw, chain: [] };
      expect(
        await verdictOf(() =>
          off.authenticateRequest({
            authorization: [],
            rawHeaders: ["X-Remote-User", "jane"],
            clientCertificate,
          }),
        ),
      ).to.equal("no opinion");
    });

    it("of a certificate that another CA signed, under the allowed name", async () => {
      const certificate = rootCertificate().issue({ commonNames: ["front-proxy-client"] });
      expect(await verdictOf(() => ask({ certificate }))).to.equal("ERR_CERTIFICATE_UNTRUSTED");
    });

    for (const name of ["someone", "Front-Proxy-Client", "front-proxy-client.example", ""])
      it(`of the name ${JSON.stringify(name)}, which is not allowed`, async () => {
        const certificate = root.issue({ commonNames: [name] });
        expect(await verdictOf(() => ask({ certificate }))).to.equal("ERR_CERTIFICATE_UNNAMED");
      });

    it("of a DNS name that is allowed: only the common name counts", async () => {
      const certificate = root.issue({ commonNames: ["x"], dnsNames: ["front-proxy-client"] });
      expect(await verdictOf(() => ask({ certificate }))).to.equal("ERR_CERTIFICATE_UNNAMED");
    });
  });

  it("refuses a certificate that is not the proxy's even without any header", async () => {
    const certificate = root.issue({ commonNames: ["someone"] });
    expect(await verdictOf(() => ask({ certificate, headers: [] }))).to.equal("ERR_CERTIFICATE_UNNAMED");
  });

  it("believes any name of the CA where no names are listed", async () => {
    const certificate = root.issue({ commonNames: ["whoever"] });
    expect(await verdictOf(() => ask({ certificate, believed: { allowedNames: [] } }))).to.equal("accepted");
  });

  it("has no opinion where the proxy names no user", async () => {
    expect(await userOf()).to.equal(undefined);
    expect(await userOf("X-Remote-Group", "system:masters")).to.equal(undefined);
    expect(await userOf("X-Remote-User", "")).to.equal(undefined);
  });

  it("says who the proxy's user is", async () => {
    const headers = ["X-Remote-User", "jane", "X-Remote-Uid", "u-1", "X-Remote-Group", "a"];
    expect(
      await outcomeOf(() => ask({ certificate: proxy, headers: [...headers, "X-Remote-Extra-Scopes", "x"] })),
    ).to.deep.equal({
      method: "requestHeader",
      user: { username: "jane", uid: "u-1", groups: ["a"], extra: { scopes: ["x"] } },
    });
  });

  it("reads names and prefixes whatever their case", async () => {
    expect(
      await userOf("x-remote-USER", "jane", "X-REMOTE-group", "a", "x-Remote-extra-Some.Key/Sub", "1"),
    ).to.deep.equal({ username: "jane", groups: ["a"], extra: { "some.key/sub": ["1"] } });
  });

  it("takes the first user name that is not empty, of each header its first value", async () => {
    expect(await userOf("X-Other-User", "second", "X-Remote-User", "first")).to.include({
      username: "first",
    });
    expect(await userOf("X-Remote-User", "", "X-Other-User", "second")).to.include({ username: "second" });
    expect(await userOf("X-Remote-User", "", "X-Remote-User", "hidden")).to.equal(undefined);
    expect(await userOf("X-Remote-User", "one", "X-Remote-User", "two")).to.include({ username: "one" });
  });

  it("takes every group of every group header, header by header, skips empty ones and splits none at a comma", async () => {
    expect(
      await userOf("X-Remote-User", "jane", "X-Team", "c", "X-Remote-Group", "a,b", "X-Remote-Group", ""),
    ).to.deep.include({ groups: ["a,b", "c"] });
  });

  it("decodes keys of extra, keeps those that cannot be decoded as they are, and joins values prefix by prefix", async () => {
    expect(
      await userOf(
        ...["X-Remote-User", "jane"],
        ...["X-More-K", "3", "X-Remote-Extra-K", "1", "x-remote-extra-k", "2"],
        ...["X-Remote-Extra-example.com%2fKey", "v", "X-Remote-Extra-100%zz", ""],
      ),
    ).to.deep.include({ extra: { k: ["1", "2", "3"], "example.com/key": ["v"], "100%zz": [""] } });
  });

  it("an extra key that names a member of every object is a key like others", async () => {
    const user = await userOf("X-Remote-User", "jane", "X-Remote-Extra-__proto__", "x");
    expect(Object.keys(user!.extra!)).to.deep.equal(["__proto__"]);
  });

  it("reads UTF-8, which node hands on as Latin-1", async () => {
    const onTheWire = Buffer.from("jané").toString("latin1");
    expect(await userOf("X-Remote-User", onTheWire)).to.include({ username: "jané" });
  });
});
