import { X509Certificate } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { createDelegatingAuthenticator } from "../../src/authentication/delegating.ts";
import type { RequestHeaderConfiguration } from "../../src/authentication/request-header.ts";
import { type CABundle, loadCABundle } from "../../src/certificates/ca-bundle.ts";
import { createLastGood, type LastGood } from "../../src/certificates/last-good.ts";
import type { ReloadMessage } from "../../src/diagnostics.ts";
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type IssuedCertificate,
} from "../../src/testing/certificates/certificate-authority.ts";
import {
  type AuthenticationRig,
  listenerWithTickets,
  reviewsOfOneToken,
  type Sent,
  startAuthenticationRig,
  type Verdict,
} from "./authentication-rig.ts";

const [users, proxies, strangers] = ["client-ca", "front-proxy-ca", "client-ca"].map((commonName) =>
  createCertificateAuthority({ commonName }),
) as [CertificateAuthority, CertificateAuthority, CertificateAuthority];
const certificates = ({ certificatePem }: CertificateAuthority) => [new X509Certificate(certificatePem)];
const below = (authority: CertificateAuthority, commonName: string): IssuedCertificate => {
  const intermediate = authority.issueAuthority({ commonName: "intermediate" });
  const { certificatePem, keyPem } = intermediate.issue({ commonName, organization: "team" });
  return { certificatePem: certificatePem + intermediate.certificatePem, keyPem };
};

const jane = users.issue({ commonName: "jane", organization: ["team", "ops"] });
const proxy = proxies.issue({ commonName: "front-proxy-client" });
const foreign = strangers.issue({ commonName: "jane" });
const nameless = users.issue({ commonName: "", organization: "team" });
const asEve = ["X-Remote-User", "eve", "X-Remote-Group", "system:masters", "X-Remote-Extra-Scope", "all"];
const good = ["Authorization", "Bearer good"];
const bad = ["Authorization", "Bearer bad"];

const protocol = (token: string): string =>
  `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString("base64url")}`;
const webSocket = (...protocols: string[]): string[] => [
  ...["Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Version", "13"],
  ...["Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEA==", "Sec-WebSocket-Protocol", protocols.join(", ")],
];

describe("createDelegatingAuthenticator on a TLS listener", () => {
  let rig: AuthenticationRig;
  let clientCA = certificates(users);
  let requestHeader: RequestHeaderConfiguration | undefined;
  const reviews = reviewsOfOneToken();
  const create = (anonymous: Parameters<typeof createDelegatingAuthenticator>[0]["anonymous"]) =>
    createDelegatingAuthenticator({
      requestHeader: () => requestHeader,
      clientCA: () => clientCA,
      tokenReview: { client: reviews },
      ...(anonymous !== undefined && { anonymous }),
    });
  before(async () => {
    rig = await startAuthenticationRig(create(true), [users.certificatePem, proxies.certificatePem]);
  });
  beforeEach(() => {
    reviews.asked.splice(0);
    clientCA = certificates(users);
    requestHeader = {
      ca: certificates(proxies),
      allowedNames: ["front-proxy-client"],
      usernameHeaders: ["X-Remote-User"],
      uidHeaders: [],
      groupHeaders: ["X-Remote-Group"],
      extraHeaderPrefixes: ["X-Remote-Extra-"],
    };
    rig.authenticator = create(true);
  });
  after(() => rig.close());

  const who = ({ user, refused }: Verdict): string | undefined => user?.username ?? refused;
  const asked = async (certificate?: IssuedCertificate, ...headers: string[]): Promise<string | undefined> =>
    who(await rig.ask({ certificate, headers }));

  const untrusted = "ERR_CERTIFICATE_UNTRUSTED";
  const nobody = "system:anonymous";
  // Node 24 does not show a server the intermediates its peer sent: what cannot be verified is refused
  const shown = (name: string): string =>
    Number.parseInt(process.versions.node, 10) < 24 ? name : untrusted;
  const rows: readonly (readonly [string, Sent, string])[] = [
    ["nothing", {}, nobody],
    ["a good token", { headers: good }, "token-user"],
    ["a bad token, which is not anonymous", { headers: bad }, "ERR_TOKEN_REVIEW_REFUSED"],
    ["a good certificate", { certificate: jane }, "jane"],
    ["a certificate of an unknown CA, no token", { certificate: foreign }, untrusted],
    [
      "a certificate of an unknown CA and a good token",
      { certificate: foreign, headers: good },
      "token-user",
    ],
    ["a certificate of an unknown CA and a bad token", { certificate: foreign, headers: bad }, untrusted],
    ["a good certificate and a bad token", { certificate: jane, headers: bad }, "jane"],
    ["a good certificate and a good token", { certificate: jane, headers: good }, "jane"],
    ["Basic", { headers: ["Authorization", "Basic dXNlcjpwYXNz"] }, nobody],
    ["Bearer and nothing", { headers: ["Authorization", "Bearer"] }, nobody],
    ["Bearer and two spaces", { headers: ["Authorization", "Bearer  good"] }, nobody],
    [
      "a scheme in small letters, a token and a third word",
      { headers: ["Authorization", "bearer good extra"] },
      "token-user",
    ],
    ["a certificate with an empty common name", { certificate: nameless }, untrusted],
    [
      "a certificate with an empty common name and a good token",
      { certificate: nameless, headers: good },
      "token-user",
    ],
    ["the proxy and its user", { certificate: proxy, headers: asEve }, "eve"],
    ["the proxy without a user: its CA is not the client CA", { certificate: proxy }, untrusted],
    ["the proxy with an empty user", { certificate: proxy, headers: ["X-Remote-User", ""] }, untrusted],
    ["the proxy without a user, and a good token", { certificate: proxy, headers: good }, "token-user"],
    ["a user's certificate with a proxy's headers", { certificate: jane, headers: asEve }, "jane"],
    ["a proxy's headers without a certificate", { headers: asEve }, nobody],
    ["a proxy's headers with a good token", { headers: [...asEve, ...good] }, "token-user"],
    ["a proxy's headers with a foreign certificate", { certificate: foreign, headers: asEve }, untrusted],
    [
      "a proxy of another name",
      { certificate: proxies.issue({ commonName: "somebody" }), headers: asEve },
      "ERR_CERTIFICATE_UNNAMED",
    ],
    [
      "a user of the proxy's name",
      { certificate: users.issue({ commonName: "front-proxy-client" }), headers: asEve },
      "front-proxy-client",
    ],
    ["a certificate through an intermediate", { certificate: below(users, "zoe") }, shown("zoe")],
    [
      "a proxy through an intermediate",
      { certificate: below(proxies, "front-proxy-client"), headers: asEve },
      shown("eve"),
    ],
    ["a stranger through an intermediate", { certificate: below(strangers, "zoe") }, untrusted],
    [
      "an expired certificate",
      { certificate: users.issue({ commonName: "old", notAfter: Date.now() - 1000 }) },
      untrusted,
    ],
    [
      "one that is not valid yet",
      { certificate: users.issue({ commonName: "new", notBefore: Date.now() + 3_600_000 }) },
      untrusted,
    ],
    [
      "one for servers only",
      { certificate: users.issue({ commonName: "srv", usages: ["serverAuth"] }) },
      untrusted,
    ],
  ];
  for (const [what, sent, expected] of rows)
    it(`${what}: ${expected}`, async () => {
      expect(who(await rig.ask(sent))).to.equal(expected);
    });

  it("looks at no token beside a good certificate, and at a proxy's user before both", async () => {
    await asked(jane, ...good);
    await asked(proxy, ...asEve, ...good);
    expect(reviews.asked).to.deep.equal([]);
  });

  it("a certificate with an empty common name is nobody's: the next is asked, then anonymous", async () => {
    requestHeader = undefined;
    expect(await asked(nameless)).to.equal(nobody);
    expect(await asked(nameless, ...bad)).to.equal("ERR_TOKEN_REVIEW_REFUSED");
  });

  it("is whole: name, groups, credential", async () => {
    const { user } = await rig.ask({ certificate: jane });
    const digest = new X509Certificate(jane.certificatePem).fingerprint256.replaceAll(":", "").toLowerCase();
    expect(user).to.deep.equal({
      username: "jane",
      groups: ["team", "ops", "system:authenticated"],
      extra: { "authentication.kubernetes.io/credential-id": [`X509SHA256=${digest}`] },
    });
    expect((await rig.ask({ certificate: proxy, headers: asEve })).user).to.deep.equal({
      username: "eve",
      groups: ["system:masters", "system:authenticated"],
      extra: { scope: ["all"] },
    });
  });

  it("warns whoever put two spaces before the token, where nothing else proved who it is", async () => {
    const headers = ["Authorization", "Bearer  good"];
    const text =
      "the provided Authorization header contains extra space before the bearer token, and is ignored";
    expect((await rig.ask({ headers })).warnings).to.deep.equal([text]);
    expect(
      (await rig.ask({ headers: [...headers, ...webSocket("a", protocol("good"))] })).warnings,
    ).to.deep.equal([text]);
    expect((await rig.ask({ headers, certificate: jane })).warnings).to.deep.equal([]);
    expect((await rig.ask({ headers: good })).warnings).to.deep.equal([]);
  });

  it("hands on nothing that proves or says who it is, whoever answered", async () => {
    requestHeader = { ...requestHeader!, usernameHeaders: ["X-Login"], extraHeaderPrefixes: ["X-About-"] };
    const headers = [...asEve, ...good, "X-Login", "eve", "X-About-Scope", "all", "X-Kept", "1"];
    for (const certificate of [jane, proxy, undefined])
      expect((await rig.ask({ certificate, headers })).rawHeaders).to.deep.equal([
        ...["Host", "localhost", "X-Kept", "1", "Connection", "close"],
      ]);
  });

  describe("without anonymous", () => {
    beforeEach(() => {
      rig.authenticator = create(undefined);
    });
    for (const [what, sent] of rows.filter(([, , verdict]) => verdict === nobody))
      it(`${what}: refused`, async () => {
        expect(who(await rig.ask(sent))).to.equal("ERR_CREDENTIALS_MISSING");
      });
  });

  describe("with anonymous for /healthz alone", () => {
    beforeEach(() => {
      rig.authenticator = create({ conditions: [{ path: "/healthz" }, { path: "/livez" }] });
    });
    for (const path of ["/healthz", "/livez", "/healthz?verbose", "/healthz?"])
      it(`${path} is for everybody`, async () => {
        expect(who(await rig.ask({ path }))).to.equal(nobody);
      });
    for (const path of [
      "/",
      "/healthz/",
      "/healthz/ping",
      "/healthzx",
      "/Healthz",
      "//healthz",
      "/./healthz",
      "/%68ealthz",
      "/a/../healthz",
      "/?/healthz",
    ])
      it(`${path} is not`, async () => {
        expect(who(await rig.ask({ path }))).to.equal("ERR_CREDENTIALS_MISSING");
        expect(who(await rig.ask({ path, headers: good }))).to.equal("token-user");
      });
    it("a bad credential is refused there, too", async () => {
      expect(who(await rig.ask({ path: "/healthz", headers: bad }))).to.equal("ERR_TOKEN_REVIEW_REFUSED");
    });
  });

  describe("a token among WebSocket subprotocols", () => {
    const socket = async (...protocols: string[]): Promise<string | undefined> =>
      asked(undefined, ...webSocket(...protocols));
    it("is as good as one in Authorization, and comes after it", async () => {
      expect(await socket(protocol("good"), "v5.channel.k8s.io")).to.equal("token-user");
      expect(await asked(undefined, ...bad, ...webSocket("a", protocol("good")))).to.equal("token-user");
      expect(await asked(undefined, ...good, ...webSocket("a", protocol("bad")))).to.equal("token-user");
      expect(await asked(foreign, ...webSocket("a", protocol("good")))).to.equal("token-user");
      expect(await asked(jane, ...webSocket("a", protocol("bad")))).to.equal("jane");
    });
    it("shares its cache", async () => {
      await asked(undefined, ...good);
      await socket("a", protocol("good"));
      expect(reviews.asked).to.deep.equal(["good"]);
    });
    it("is refused, never anonymous, where it is bad", async () => {
      expect(await socket("a", protocol("bad"))).to.equal("ERR_TOKEN_REVIEW_REFUSED");
      expect(await socket(protocol("good"))).to.equal("ERR_AUTHORIZATION_MALFORMED");
      expect(await socket("a", protocol("good"), protocol("good"))).to.equal("ERR_AUTHORIZATION_DUPLICATE");
      expect(await socket("a", `${protocol("good")}=`)).to.equal("ERR_AUTHORIZATION_MALFORMED");
    });
    it("is nothing in a request that is no WebSocket's", async () => {
      expect(await asked(undefined, "Sec-WebSocket-Protocol", `a, ${protocol("good")}`)).to.equal(nobody);
    });
    it("is not handed on, the others are", async () => {
      const { rawHeaders } = await rig.ask({ headers: webSocket("a", protocol("good"), "b") });
      expect(rawHeaders!.join("\n")).to.contain("Sec-WebSocket-Protocol\na,b").and.not.to.contain("bearer");
    });
  });

  describe("a reload", () => {
    it("of the client CA counts for the next request, both ways", async () => {
      const first = await rig.ask({ certificate: foreign });
      clientCA = certificates(strangers);
      expect([who(first), await asked(foreign), await asked(jane)]).to.deep.equal([
        untrusted,
        "jane",
        untrusted,
      ]);
    });
    it("of the front proxy's CA, too", async () => {
      requestHeader = { ...requestHeader!, ca: certificates(strangers) };
      expect(await asked(proxy, ...asEve)).to.equal(untrusted);
      requestHeader = { ...requestHeader, allowedNames: [] };
      expect(await asked(foreign, ...asEve)).to.equal("eve");
    });
  });

  describe("a bundle in a file", () => {
    let folder: string;
    let bundle: LastGood<CABundle>;
    let reloads: ReloadMessage["outcome"][];
    const note = (message: unknown): void => void reloads.push((message as ReloadMessage).outcome);
    const write = async (...pems: string[]): Promise<void> => {
      await writeFile(join(folder, "ca.crt"), pems.join("\n"));
      await bundle?.check();
    };
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "countersign-authentication-"));
      await write(strangers.certificatePem);
      const file = join(folder, "ca.crt");
      bundle = await createLastGood({ what: "clientCA", files: [file], load: () => loadCABundle(file) });
      subscribe("countersign:reload", note);
    });
    beforeEach(() => {
      reloads = [];
      rig.authenticator = createDelegatingAuthenticator({ clientCA: () => bundle.current.certificates });
    });
    after(async () => {
      unsubscribe("countersign:reload", note);
      bundle.close();
      await rm(folder, { recursive: true });
    });

    it("counts anew when it changes, and as it was while it is broken", async () => {
      const verdicts = async () => [await asked(foreign), await asked(jane), await asked(proxy)];
      expect(await verdicts()).to.deep.equal(["jane", untrusted, untrusted]);
      await write(users.certificatePem, proxies.certificatePem);
      const now = [untrusted, "jane", "front-proxy-client"];
      expect(await verdicts()).to.deep.equal(now);
      await write("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----");
      await write("");
      expect(await verdicts()).to.deep.equal(now);
      // how often a watcher looks while a file is written is its own affair
      expect(reloads).to.include.members(["reloaded", "failed"]);
      await write(strangers.certificatePem);
      expect(await verdicts()).to.deep.equal(["jane", untrusted, untrusted]);
    });
  });

  describe("one CA for both", () => {
    // a misconfiguration that upstream warns of: then the name alone tells them apart
    it("believes the headers of the proxy's name only", async () => {
      requestHeader = { ...requestHeader!, ca: certificates(users) };
      expect(await asked(jane, ...asEve)).to.equal("jane");
      expect(await asked(users.issue({ commonName: "front-proxy-client" }), ...asEve)).to.equal("eve");
    });
  });

  const zoe = below(users, "zoe");
  const people: readonly (readonly [string, IssuedCertificate | undefined])[] = [
    ["jane", jane],
    [shown("zoe"), zoe],
    [nobody, undefined],
    [untrusted, foreign],
  ];
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const)
    describe(`a ${maxVersion} session`, () => {
      let careless: AuthenticationRig;
      before(async () => {
        careless = await startAuthenticationRig(rig.authenticator, [], listenerWithTickets);
      });
      after(() => careless.close());
      beforeEach(() => {
        careless.authenticator = rig.authenticator;
      });

      for (const [first, certificate] of people)
        for (const [second, other] of people)
          it(`of ${first}, offered by ${second}, is not taken up: each is who he is`, async () => {
            const { session, ...before } = await rig.ask({ certificate, maxVersion });
            expect(who(before)).to.equal(first);
            const after = await rig.ask({ certificate: other, maxVersion, session });
            expect([who(after), after.resumed]).to.deep.equal([second, false]);
          });

      for (const [first, certificate] of people)
        for (const [second, other] of people)
          it(`of ${first}, offered by ${second} to a listener that takes it up, makes nobody of him but who opened it`, async () => {
            const { session } = await careless.ask({ certificate, maxVersion });
            const after = await careless.ask({ certificate: other, maxVersion, session });
            expect(after.resumed).to.equal(true);
            // of zoe it has forgotten the intermediate: that is why our listener takes none up
            expect(who(after)).to.equal(first === "zoe" ? untrusted : first);
          });
    });
});
