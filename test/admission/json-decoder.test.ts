import { expect } from "chai";
import fc from "fast-check";
import { decodeJSON } from "../../src/admission/json-decoder.ts";
import { encodeLossless } from "../../src/admission/json-encoder.ts";
import { parseLossless } from "../../src/admission/json-runtime.ts";

describe("json-decoder", () => {
  it("gives what JSON.parse gives, for every JSON text", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.nat(3), (text, indent) => {
        const value = JSON.parse(text);
        expect(decodeJSON(text)).to.deep.equal(value);
        expect(decodeJSON(JSON.stringify(value, undefined, indent))).to.deep.equal(value);
        expect(JSON.stringify(decodeJSON(text))).to.equal(JSON.stringify(value));
      }),
    );
  });

  it("throws a SyntaxError where JSON.parse throws one", () => {
    const garbage = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc
        .array(fc.constantFrom(...'{}[],:"\\01-+.eEtfn u\n'.split(""), "null", '"a"'), { maxLength: 8 })
        .map((p) => p.join("")),
    );
    fc.assert(
      fc.property(garbage, (text) => {
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch {
          expect(() => decodeJSON(text)).to.throw(SyntaxError);
          return;
        }
        expect(decodeJSON(text)).to.deep.equal(expected);
      }),
      { numRuns: 5000 },
    );
  });

  it("keeps __proto__ as a member like any other", () => {
    const value = decodeJSON('{"__proto__":{"admin":true},"constructor":1}') as object;
    expect(Object.keys(value)).to.deep.equal(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(value)).to.equal(Object.prototype);
    expect("admin" in value).to.equal(false);
  });

  it("takes the last of two equal names, as JSON.parse does", () => {
    expect(decodeJSON('{"a":1,"\\u0061":2}')).to.deep.equal({ a: 2 });
  });

  it("refuses more than a thousand levels instead of running off the stack", () => {
    expect(() => decodeJSON("[".repeat(100_000))).to.throw(SyntaxError, "levels");
    expect(() => decodeJSON('{"a":'.repeat(100_000))).to.throw(SyntaxError, "levels");
  });

  it("reads a long string full of escapes in one go", () => {
    const text = JSON.stringify("\n".repeat(1_000_000));
    expect(decodeJSON(text)).to.equal("\n".repeat(1_000_000));
  });
});

describe("lossless JSON", () => {
  it("keeps the integers a double cannot hold", () => {
    const text =
      '{"a":9007199254740993,"b":-9223372036854775808,"c":18446744073709551615,"d":9007199254740991}';
    expect(parseLossless(text)).to.deep.equal({
      a: 9007199254740993n,
      b: -9223372036854775808n,
      c: 18446744073709551615n,
      d: 9007199254740991,
    });
    expect(encodeLossless(parseLossless(text))).to.equal(text);
  });

  it("reads what no 64 bits hold as the float it is to Go, in no time", () => {
    expect(parseLossless(`[${"9".repeat(1_000_000)}]`)).to.deep.equal([Infinity]);
    expect(parseLossless("[123456789012345678901234567890]")).to.deep.equal([1.2345678901234568e29]);
  });

  it("leaves floats floats", () => {
    expect(parseLossless("[1.0000000000000000001,1e20,0.1]")).to.deep.equal([1, 1e20, 0.1]);
  });

  it("writes again what it read, for every 64-bit integer", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })), (integers) => {
        const text = `[${integers.join(",")}]`;
        expect(encodeLossless(parseLossless(text))).to.equal(text);
      }),
    );
  });

  it("writes what JSON.stringify writes where there is nothing to lose", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        expect(encodeLossless(value as never)).to.equal(JSON.stringify(value));
      }),
    );
  });
});
