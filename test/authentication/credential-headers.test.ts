import { expect } from "chai";
import fc from "fast-check";
import { withoutCredentialHeaders } from "../../src/authentication/credential-headers.ts";

const harmless = [
  "Host",
  "a",
  "Accept",
  "application/json",
  "X-Remote-Useful",
  "kept",
  "Accept",
  "text/html",
];

describe("withoutCredentialHeaders", () => {
  it("keeps all others, in order and as they were written", () => {
    expect(withoutCredentialHeaders(harmless, undefined)).to.deep.equal(harmless);
  });

  for (const name of [
    "Authorization",
    "AUTHORIZATION",
    "X-Remote-User",
    "x-remote-uid",
    "X-Remote-Group",
    "X-Remote-Extra-Anything",
    "x-remote-extra-",
    "Impersonate-User",
    "IMPERSONATE-GROUP",
    "impersonate-extra-scope",
    "Impersonate-What-Is-Not-Known",
  ])
    it(`removes ${name}, each time it stands there, even while no proxy is believed`, () => {
      expect(withoutCredentialHeaders([name, "1", ...harmless, name, "2"], undefined)).to.deep.equal(
        harmless,
      );
    });

  it("removes the configured ones besides, not instead", () => {
    const configuration = {
      ca: [],
      allowedNames: [],
      usernameHeaders: ["X-Login"],
      uidHeaders: ["X-Login-Id"],
      groupHeaders: ["X-Team"],
      extraHeaderPrefixes: ["X-More-"],
    };
    const spoken = ["x-login", "1", "X-LOGIN-ID", "2", "x-team", "3", "x-more-x", "4", "X-Remote-User", "5"];
    expect(withoutCredentialHeaders([...spoken, ...harmless], configuration)).to.deep.equal(harmless);
    expect(withoutCredentialHeaders(["X-Login", "1"], undefined)).to.deep.equal(["X-Login", "1"]);
  });

  it("removes a token among WebSocket subprotocols, and nothing else of them", () => {
    const token = "base64url.bearer.authorization.k8s.io.dG9r";
    const sent = [...harmless, "Sec-WebSocket-Protocol", `a, ${token}`, "sec-websocket-protocol", "b"];
    expect(withoutCredentialHeaders(sent, undefined)).to.deep.equal([
      ...harmless,
      "Sec-WebSocket-Protocol",
      "a,b",
    ]);
  });

  it("takes a hundred thousand headers in one pass", () => {
    const flood = Array.from({ length: 100_000 }, () => ["X-Remote-Extra-A", "1", "X-Kept", "1"]).flat();
    expect(withoutCredentialHeaders(flood, undefined)).to.have.length(200_000);
  });

  it("whatever comes, nothing is left by which anybody could be taken for somebody", () => {
    const name = fc.mixedCase(
      fc.constantFrom(
        "authorization",
        "x-remote-user",
        "x-remote-extra-a",
        "x-login",
        "x-more-b",
        "impersonate-user",
        "accept",
      ),
    );
    const headers = fc.array(fc.tuple(name, fc.string()), { maxLength: 12 });
    const configuration = {
      ca: [],
      allowedNames: [],
      usernameHeaders: ["X-LOGIN"],
      uidHeaders: [],
      groupHeaders: [],
      extraHeaderPrefixes: ["x-More-"],
    };
    fc.assert(
      fc.property(headers, (sent) => {
        const kept = withoutCredentialHeaders(sent.flat(), configuration);
        const harmlessOnes = sent.filter(([header]) => header.toLowerCase() === "accept");
        expect(kept).to.deep.equal(harmlessOnes.flat());
      }),
    );
  });
});
