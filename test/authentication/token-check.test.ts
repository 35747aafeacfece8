import { expect } from "chai";
import fc from "fast-check";
import { decodeSignedToken } from "../../src/authentication/signed-token.ts";
import { assertChecks, quoted, quotedList, type TokenCheck } from "../../src/authentication/token-check.ts";
import { CountersignError } from "../../src/errors.ts";
import { mint } from "./minting.ts";

const token = decodeSignedToken(mint());

function check(name: string, passes: boolean, log: string[]): TokenCheck {
  return {
    name,
    code: "ERR_TOKEN_BINDING",
    passes: () => {
      log.push(name);
      return passes;
    },
    compared: () => ({ expected: "this", actual: "that" }),
  };
}

describe("assertChecks", () => {
  it("runs all in order where all pass", () => {
    const log: string[] = [];
    assertChecks([check("a", true, log), check("b", true, log)], token, 0);
    expect(log).to.deep.equal(["a", "b"]);
  });

  it("stops at the first that does not, with its code and the values compared", () => {
    const log: string[] = [];
    expect(() => assertChecks([check("a", false, log), check("b", false, log)], token, 0))
      .to.throw(CountersignError, "token a: expected this, got that")
      .with.property("code", "ERR_TOKEN_BINDING");
    expect(log).to.deep.equal(["a"]);
  });
});

describe("quoted", () => {
  it("leaves a name as it is, in quotes", () =>
    expect(quoted("https://a.svc:443/v")).to.equal('"https://a.svc:443/v"'));

  it("cuts after 256 characters, and says so", () =>
    expect(quoted("x".repeat(257))).to.equal(`"${"x".repeat(256)}"...`));

  it("gives printable ASCII for any text, from which the text can be read", () =>
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        expect(quoted(text)).to.match(/^[ -~]*$/);
        expect(JSON.parse(quoted(text))).to.equal(text);
      }),
    ));
});

describe("quotedList", () => {
  it("says none of nothing", () => expect(quotedList([])).to.equal("none"));
  it("lists up to eight", () => expect(quotedList(["a", "b"])).to.equal('"a", "b"'));
  it("counts the rest", () =>
    expect(quotedList([..."abcdefghij"])).to.equal('"a", "b", "c", "d", "e", "f", "g", "h" and 2 more'));
});
