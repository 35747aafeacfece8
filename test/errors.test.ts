import { expect } from "chai";
import { CountersignError, errorCodeOf, errorCodes, errorMessageOf } from "../src/errors.ts";

describe("errors", () => {
  for (const [code, row] of Object.entries(errorCodes))
    it(`${code} has an HTTP status, a Status reason and a meaning`, () => {
      expect(code).to.match(/^ERR(_[A-Z]+)+$/);
      expect(row.status).to.be.within(400, 599);
      expect(row.reason).to.match(/^[A-Z][A-Za-z]+$/);
      expect(row.meaning).to.match(/^[a-z].{15,}[^.]$/);
    });

  it("carry code, status, reason, message and cause", () => {
    const cause = new Error("below");
    const error = new CountersignError("ERR_TOKEN_EXPIRED", "expired a minute ago", { cause });
    expect(error).to.include({ code: "ERR_TOKEN_EXPIRED", status: 401, reason: "Unauthorized", cause });
    expect(error.message).to.equal("expired a minute ago");
  });

  it("are told from foreign ones", () => {
    expect(errorCodeOf(new CountersignError("ERR_USAGE", "x"))).to.equal("ERR_USAGE");
    for (const foreign of [new TypeError("x"), undefined, "text", { code: "ERR_USAGE" }])
      expect(errorCodeOf(foreign)).to.equal("ERR_INTERNAL");
  });

  it("say what they say, and whatever else was thrown is text", () => {
    expect(errorMessageOf(new CountersignError("ERR_USAGE", "too many"))).to.equal("too many");
    expect(errorMessageOf("text")).to.equal("text");
    expect(errorMessageOf(undefined)).to.equal("undefined");
  });
});
