import { expect } from "chai";
import type { JSONValue } from "../../../src/admission/json-value.ts";
import { CountersignError } from "../../../src/errors.ts";
import {
  assertSuccess,
  pauseMs,
  readAnswer,
  refusesCaller,
} from "../../../src/webhook/client/webhook-answer.ts";

const bytes = (text: string): Buffer => Buffer.from(text);

describe("webhook answer", () => {
  it("is JSON, or where it failed anyway what it says", () => {
    expect(readAnswer(200, bytes('{"a":9007199254740993}'))).to.deep.equal({ a: 9007199254740993n });
    expect(readAnswer(200, bytes("<html>"))).to.equal(undefined);
    expect(readAnswer(502, bytes("<html>"))).to.equal("<html>");
  });

  for (const status of [199, 207, 301, 400, 500])
    it(`is a failure with status ${status}`, () => {
      expect(() => assertSuccess(status, "why not"))
        .to.throw(CountersignError, `the webhook answered ${status}: `)
        .with.property("code", "ERR_API_STATUS");
    });

  it("is what it is with a status from 200 to 206", () => {
    for (const status of [200, 201, 206]) expect(assertSuccess(status, { a: 1 })).to.deep.equal({ a: 1 });
    expect(() => assertSuccess(200, undefined)).to.throw(/not JSON/);
  });

  const denial = (code?: JSONValue): JSONValue => ({
    response: { allowed: false, ...(code === undefined ? {} : { status: { code } }) },
  });
  const refusals: readonly (readonly [string, number, JSONValue | undefined, boolean])[] = [
    ["401 over HTTP", 401, undefined, true],
    ["a denial with code 401", 200, denial(401), true],
    ["a denial with code 403", 200, denial(403), false],
    ["a denial without a code", 200, denial(), false],
    ["an allowance with code 401", 200, { response: { allowed: true, status: { code: 401 } } }, false],
    ["something else", 200, [1], false],
    ["403 over HTTP", 403, undefined, false],
  ];
  for (const [what, status, answer, expected] of refusals)
    it(`${expected ? "refuses" : "does not refuse"} its caller by ${what}`, () => {
      expect(refusesCaller(status, answer)).to.equal(expected);
    });

  const pauses: readonly (readonly [number, string | undefined, number | undefined])[] = [
    [429, "3", 3000],
    [500, "0", 0],
    [503, "12", 12_000],
    [503, undefined, undefined],
    [503, "soon", undefined],
    [503, "-1", undefined],
    [404, "3", undefined],
    [200, "3", undefined],
  ];
  for (const [status, retryAfter, expected] of pauses)
    it(`asks with ${status} and Retry-After ${retryAfter} for ${expected ?? "no"} ms`, () => {
      expect(pauseMs(status, retryAfter)).to.equal(expected);
    });
});
