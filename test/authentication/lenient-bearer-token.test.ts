import { expect } from "chai";
import {
  bearerTokenWarnings,
  createLenientBearerTokenAuthenticator,
} from "../../src/authentication/lenient-bearer-token.ts";
import { verdictOf } from "./outcome.ts";

describe("createLenientBearerTokenAuthenticator", () => {
  const seen: string[] = [];
  const authenticator = createLenientBearerTokenAuthenticator({
    authenticateToken(token) {
      seen.push(token.reveal());
      return token.reveal() === "tok" ? { method: "tokenReview", user: { username: "jane" } } : undefined;
    },
  });
  const judge = (...authorization: string[]) => {
    seen.length = 0;
    return verdictOf(() => authenticator.authenticateRequest({ authorization }));
  };

  for (const value of ["Bearer tok", "bearer tok", "BEARER tok", "  Bearer tok  ", "Bearer tok extra words"])
    it(`${JSON.stringify(value)} presents the token`, async () => {
      expect(await judge(value)).to.equal("accepted");
      expect(seen).to.deep.equal(["tok"]);
    });

  for (const value of ["", " ", "Bearer", "Bearer ", "Bearer  tok", "Basic dXNlcjpwYXNz", "tok", "Bearertok"])
    it(`${JSON.stringify(value)} presents no token, and nobody is asked`, async () => {
      expect(await judge(value)).to.equal("no opinion");
      expect(seen).to.deep.equal([]);
    });

  it("has no opinion without the header", async () => {
    expect(await judge()).to.equal("no opinion");
  });

  it("reads the first of several headers", async () => {
    expect(await judge("Bearer tok", "Bearer bad")).to.equal("accepted");
    expect(await judge("Bearer bad", "Bearer tok")).to.equal("ERR_TOKEN_UNACCEPTED");
    expect(await judge("Basic x", "Bearer tok")).to.equal("no opinion");
  });

  it("a token that nobody knows is refused, not passed over", async () => {
    expect(await judge("Bearer bad")).to.equal("ERR_TOKEN_UNACCEPTED");
  });
});

describe("bearerTokenWarnings", () => {
  const text =
    "the provided Authorization header contains extra space before the bearer token, and is ignored";
  for (const value of ["Bearer  tok", "bearer   tok", "BEARER  tok more", " Bearer  tok "])
    it(`warns of the second space in ${JSON.stringify(value)}, in upstream's words`, () =>
      expect(bearerTokenWarnings([value])).to.deep.equal([text]));

  for (const value of [
    "Bearer tok",
    "Bearer tok  more",
    "Bearer",
    "Bearer  ",
    "Basic  eA==",
    "",
    "Bearer\t\ttok",
  ])
    it(`has nothing to say of ${JSON.stringify(value)}`, () =>
      expect(bearerTokenWarnings([value])).to.deep.equal([]));

  it("looks at the first value, as whoever reads the token does", () => {
    expect(bearerTokenWarnings([])).to.deep.equal([]);
    expect(bearerTokenWarnings(["Bearer tok", "Bearer  tok"])).to.deep.equal([]);
    expect(bearerTokenWarnings(["Bearer  tok", "Bearer tok"])).to.deep.equal([text]);
  });
});
