import { X509Certificate } from "node:crypto";
import { expect } from "chai";
import type { PresentedCredentials } from "../../../src/authentication/authenticator.ts";
import { frontProxyConfiguration } from "../../../src/testing/authentication/front-proxy.ts";
import { createRequestAuthentication } from "../../../src/testing/authentication/request-authentication.ts";
import {
  createCertificateAuthority,
  type IssuedCertificate,
} from "../../../src/testing/certificates/certificate-authority.ts";
import { StatusError } from "../../../src/testing/status/status-error.ts";

const users = createCertificateAuthority({ commonName: "users" });
const proxies = createCertificateAuthority({ commonName: "proxies" });
const strangers = createCertificateAuthority({ commonName: "users" });
const jane = users.issue({ commonName: "jane", organization: ["dev", "ops"] });
const proxy = proxies.issue({ commonName: "front-proxy-client" });

/** What of a request says who sends it. */
interface Sent {
  readonly certificate?: IssuedCertificate;
  /** Names and values in turn. */
  readonly headers?: readonly string[];
}

describe("who a request comes from", () => {
  const authentication = createRequestAuthentication({
    clientCaPem: users.certificatePem,
    requestHeader: frontProxyConfiguration(proxies.certificatePem),
    staticTokens: new Map([["static", { username: "admin", groups: ["system:masters"] }]]),
    serviceAccounts: {
      authenticate(token, audiences) {
        if (token === "expired") throw new Error("service account token has expired");
        return token === "account" ? { user: { username: "sa" }, audiences } : undefined;
      },
    },
    audiences: ["api"],
  });

  const presented = ({ certificate, headers = [] }: Sent): PresentedCredentials => ({
    authorization: headers.filter((_, index) => headers[index - 1] === "Authorization"),
    rawHeaders: headers,
    ...(certificate !== undefined && {
      clientCertificate: { raw: new X509Certificate(certificate.certificatePem).raw, chain: [] },
    }),
  });
  const who = async (sent: Sent): Promise<string> => {
    try {
      const { by, user } = await authentication.authenticate(presented(sent), () => undefined);
      return `${by} ${user.username} ${user.groups?.join(",")}`;
    } catch (error) {
      return error instanceof StatusError ? String(error.status.code) : String(error);
    }
  };
  const bearer = (token: string): readonly string[] => ["Authorization", `Bearer ${token}`];
  const webSocket = (token: string): readonly string[] => [
    ...["Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Protocol"],
    `v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString("base64url")}`,
  ];
  const eve = ["X-Remote-User", "eve", "X-Remote-Group", "system:masters"];
  const anonymous = "anonymous system:anonymous system:unauthenticated";
  const asAdmin = "staticToken admin system:masters,system:authenticated";
  const asJane = "clientCertificate jane dev,ops,system:authenticated";
  const asEve = "requestHeader eve system:masters,system:authenticated";

  const rows: readonly (readonly [what: string, sent: Sent, outcome: string])[] = [
    ["nothing", {}, anonymous],
    ["Basic", { headers: ["Authorization", "Basic c3RhdGlj"] }, anonymous],
    ["Bearer and nothing", { headers: bearer("") }, anonymous],
    ["Bearer, two spaces and a token", { headers: bearer(" static") }, anonymous],
    ["a static token", { headers: bearer("static") }, asAdmin],
    ["a static token and a third word", { headers: bearer("static x") }, asAdmin],
    [
      "a ServiceAccount's token",
      { headers: bearer("account") },
      "serviceAccountToken sa system:authenticated",
    ],
    ["a token among WebSocket subprotocols", { headers: webSocket("static") }, asAdmin],
    ["an unknown token", { headers: bearer("wrong") }, "401"],
    ["an unknown token among WebSocket subprotocols", { headers: webSocket("wrong") }, "401"],
    ["an expired token", { headers: bearer("expired") }, "401"],
    ["an unknown token before a good one", { headers: [...bearer("wrong"), ...bearer("static")] }, "401"],
    ["a user's certificate", { certificate: jane }, asJane],
    ["a user's certificate and a good token", { certificate: jane, headers: bearer("static") }, asJane],
    ["a user's certificate and an unknown token", { certificate: jane, headers: bearer("wrong") }, asJane],
    ["a certificate of another authority", { certificate: strangers.issue({ commonName: "jane" }) }, "401"],
    [
      "a certificate of another authority and a good token",
      { certificate: strangers.issue({ commonName: "jane" }), headers: bearer("static") },
      asAdmin,
    ],
    [
      "a certificate for servers",
      { certificate: users.issue({ commonName: "jane", usages: ["serverAuth"] }) },
      "401",
    ],
    [
      "a certificate whose time is over",
      { certificate: users.issue({ commonName: "jane", notAfter: Date.now() - 1_000 }) },
      "401",
    ],
    ["a certificate without a name", { certificate: users.issue({ commonName: "" }) }, "401"],
    ["the front proxy's certificate and a user", { certificate: proxy, headers: eve }, asEve],
    [
      "the front proxy's certificate, a user and an unknown token",
      { certificate: proxy, headers: [...eve, ...bearer("wrong")] },
      asEve,
    ],
    [
      "the front proxy's certificate and anonymous",
      { certificate: proxy, headers: ["X-Remote-User", "system:anonymous"] },
      "requestHeader system:anonymous ",
    ],
    [
      "the front proxy's certificate and who is said not to be authenticated",
      { certificate: proxy, headers: ["X-Remote-User", "eve", "X-Remote-Group", "system:unauthenticated"] },
      "requestHeader eve system:unauthenticated",
    ],
    ["the front proxy's certificate alone", { certificate: proxy }, "401"],
    [
      "the front proxy's certificate and a group alone",
      { certificate: proxy, headers: ["X-Remote-Group", "system:masters"] },
      "401",
    ],
    [
      "the front proxy's certificate and a good token",
      { certificate: proxy, headers: bearer("static") },
      asAdmin,
    ],
    [
      "another name of the front proxy's authority and a user",
      { certificate: proxies.issue({ commonName: "front-proxy" }), headers: eve },
      "401",
    ],
    [
      "the front proxy's name of the users' authority and a user",
      { certificate: users.issue({ commonName: "front-proxy-client" }), headers: eve },
      "clientCertificate front-proxy-client system:authenticated",
    ],
    ["a user's certificate and another user", { certificate: jane, headers: eve }, asJane],
    ["no certificate and a user", { headers: eve }, anonymous],
    ["a good token and a user", { headers: [...eve, ...bearer("static")] }, asAdmin],
  ];
  for (const [what, sent, outcome] of rows)
    it(`is ${outcome} by ${what}`, async () => {
      expect(await who(sent)).to.equal(outcome);
    });

  it("has the uid and extra that the front proxy names, and the certificate's id of a user who has one", async () => {
    const headers = [...eve, "x-remote-uid", "e-1", "X-Remote-Extra-Acme.example%2FScope", "view"];
    const through = await authentication.authenticate(
      presented({ certificate: proxy, headers }),
      () => undefined,
    );
    expect(through.user).to.deep.equal({
      username: "eve",
      uid: "e-1",
      groups: ["system:masters", "system:authenticated"],
      extra: { "acme.example/scope": ["view"] },
    });
    const { user } = await authentication.authenticate(presented({ certificate: jane }), () => undefined);
    const [id] = user.extra!["authentication.kubernetes.io/credential-id"]!;
    expect(id).to.match(/^X509SHA256=[0-9a-f]{64}$/);
  });

  const extraSpace =
    "the provided Authorization header contains extra space before the bearer token, and is ignored";
  for (const [what, sent, told] of [
    ["is told to anonymous", {}, [extraSpace]],
    ["is told to who is refused for his certificate", { certificate: proxy }, [extraSpace]],
    ["is not told where a certificate came first", { certificate: jane }, []],
    ["is not told where the front proxy came first", { certificate: proxy, headers: eve }, []],
  ] as const)
    it(`a second space makes a token none: ${what}`, async () => {
      const warnings: string[] = [];
      const headers = [...bearer(" static"), ...("headers" in sent ? sent.headers : [])];
      await authentication
        .authenticate(presented({ ...sent, headers }), (warning) => warnings.push(warning))
        .catch(() => undefined);
      expect(warnings).to.deep.equal(told);
    });

  it("keeps the reason for TokenReview", () => {
    expect(() => authentication.authenticateToken("expired", ["api"])).to.throw(
      "service account token has expired",
    );
    expect(() => authentication.authenticateToken("wrong", ["api"])).to.throw("invalid bearer token");
    expect(authentication.authenticateToken("static", ["a", "b"])).to.deep.equal({
      user: { username: "admin", groups: ["system:masters", "system:authenticated"] },
      audiences: ["a", "b"],
    });
  });
});
