import { expect } from "chai";
import fc from "fast-check";
import { bearerToken, createBearerTokenAuthenticator } from "../../src/authentication/bearer-token.ts";
import { CountersignError, errorCodeOf } from "../../src/errors.ts";
import type { Secret } from "../../src/secret.ts";

function codeOf(authorization: readonly string[]): string {
  try {
    return `accepted ${bearerToken(authorization)?.reveal()}`;
  } catch (error) {
    return errorCodeOf(error);
  }
}

describe("bearerToken", () => {
  it("has no opinion where no header was sent", () => expect(bearerToken([])).to.equal(undefined));

  for (const scheme of ["Bearer", "bearer", "BEARER", "bEaReR"])
    it(`takes the token behind ${scheme}`, () =>
      expect(bearerToken([`${scheme} a.b.c`])?.reveal()).to.equal("a.b.c"));

  it("takes every character RFC 6750 allows, and padding at the end", () => {
    const token = "azAZ09-._~+/==";
    expect(bearerToken([`Bearer ${token}`])?.reveal()).to.equal(token);
  });

  const duplicates: Readonly<Record<string, readonly string[]>> = {
    "two headers": ["Bearer a", "Bearer b"],
    "two equal headers": ["Bearer a", "Bearer a"],
    "a good one before an empty one": ["Bearer a", ""],
    "an empty one before a good one": ["", "Bearer a"],
    "two joined by a comma": ["Bearer a, Bearer b"],
    "two tokens joined by a comma": ["Bearer a,b"],
    "a trailing comma": ["Bearer a,"],
  };
  for (const [name, values] of Object.entries(duplicates))
    it(`refuses ${name} as a duplicate`, () =>
      expect(codeOf(values)).to.equal("ERR_AUTHORIZATION_DUPLICATE"));

  const malformed: Readonly<Record<string, readonly [string, RegExp]>> = {
    "an empty value": ["", /empty/],
    "spaces only": ["   ", /empty/],
    Basic: ["Basic dXNlcjpwYXNz", /scheme is not Bearer/],
    "a word that begins like the scheme": ["Bearerer a", /scheme is not Bearer/],
    "half the scheme": ["Bear a", /scheme is not Bearer/],
    "a bare token": ["eyJhbGciOiJSUzI1NiJ9.e30.c2ln", /scheme is not Bearer/],
    "the scheme alone": ["Bearer", /no token/],
    "the scheme and a space": ["Bearer ", /no token/],
    "two spaces": ["Bearer  a", /more than one space/],
    "a space before the scheme": [" Bearer a", /scheme is not Bearer/],
    "a tab instead of the space": ["Bearer\ta", /scheme is not Bearer/],
    "a trailing space": ["Bearer a ", /follows the token/],
    "a trailing word": ["Bearer a b", /follows the token/],
    "a quoted token": ['Bearer "a"', /character/],
    "a token with a tab": ["Bearer a\tb", /character/],
    "a token with a line break": ["Bearer a\nb", /character/],
    "a token beyond ASCII": ["Bearer \u00e4", /character/],
    "padding in the middle": ["Bearer a=b", /character/],
    "padding alone": ["Bearer =", /character/],
  };
  for (const [name, [value, message]] of Object.entries(malformed))
    it(`refuses ${name}, saying what is wrong`, () =>
      expect(() => bearerToken([value]))
        .to.throw(CountersignError, message)
        .with.property("code", "ERR_AUTHORIZATION_MALFORMED"));

  it("never repeats what was sent, whatever it was", () => {
    const secret = "hunter2-hunter2";
    for (const value of [
      `Basic ${secret}`,
      `Bearer  ${secret}`,
      `Bearer ${secret} x`,
      `Bearer ${secret}"`,
      `${secret},`,
    ])
      expect(() => bearerToken([value])).to.throw(CountersignError, /^(?!.*hunter2)/);
  });

  it("takes any RFC 6750 token and nothing else, whatever the bytes", () => {
    const grammar = /^bearer [A-Za-z0-9._~+/-]+=*$/i;
    const value = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[Bb]earer {0,2}[A-Za-z0-9.=, "-]*$/),
      fc.string().map((text) => `Bearer ${text}`),
    );
    fc.assert(
      fc.property(value, (text) => {
        const expected = grammar.test(text) ? "accepted" : "ERR_AUTHORIZATION";
        expect(codeOf([text]).startsWith(expected)).to.equal(true);
      }),
    );
  });
});

describe("createBearerTokenAuthenticator", () => {
  const caller = { method: "webhookToken", user: { username: "somebody" } } as const;
  const seen: string[] = [];
  const inner = {
    authenticateToken(token: Secret) {
      seen.push(token.reveal());
      return caller;
    },
  };
  beforeEach(() => seen.splice(0));

  it("hands the token on and answers as the token authenticator does", () => {
    expect(
      createBearerTokenAuthenticator(inner).authenticateRequest({ authorization: ["Bearer a.b"] }),
    ).to.equal(caller);
    expect(seen).to.deep.equal(["a.b"]);
  });

  it("has no opinion without the header", () => {
    expect(createBearerTokenAuthenticator(inner).authenticateRequest({ authorization: [] })).to.equal(
      undefined,
    );
  });

  for (const value of ["Basic YTpi", "Bearer a b", 'Bearer a"', "Bearer "])
    it(`asks nobody about ${JSON.stringify(value)}`, () => {
      expect(() => createBearerTokenAuthenticator(inner).authenticateRequest({ authorization: [value] }))
        .to.throw(CountersignError)
        .with.property("code", "ERR_AUTHORIZATION_MALFORMED");
      expect(seen).to.deep.equal([]);
    });

  it("lets what is wrapped around it answer first, and holds what goes through to the alphabet", () => {
    const wrapped = createBearerTokenAuthenticator(inner, (next) => ({
      authenticateToken: (token) => (token.reveal() === "known" ? caller : next.authenticateToken(token)),
    }));
    expect(wrapped.authenticateRequest({ authorization: ["Bearer known"] })).to.equal(caller);
    expect(seen).to.deep.equal([]);
    expect(() => wrapped.authenticateRequest({ authorization: ["Bearer a;b"] })).to.throw(/character/);
  });
});
