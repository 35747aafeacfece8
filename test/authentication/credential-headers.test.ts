import { expect } from "chai";
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
});
