import { expect } from "chai";
import fc from "fast-check";
import type { JSONValue } from "../../src/admission/json-value.ts";
import { celEquals, shallowCost, toCelValue, toSharedCelValue } from "../../src/cel/cel-values.ts";

const free = (): void => {};
const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<JSONValue>;

describe("CEL values", () => {
  it("are int where JSON has an integer of 64 bits, otherwise double", () => {
    expect([0, 5, -5, 2 ** 53 - 1].map(toCelValue)).to.deep.equal([0n, 5n, -5n, 2n ** 53n - 1n]);
    expect([0.5, 2 ** 53, 1e300].map(toCelValue)).to.deep.equal([0.5, 2 ** 53, 1e300]);
    expect([2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n)].map(toCelValue)).to.deep.equal([
      2n ** 63n - 1n,
      2 ** 63,
      -(2n ** 63n),
    ]);
  });

  it("are maps where JSON has an object, whatever its members are called", () => {
    const value = toCelValue(JSON.parse(`{"__proto__": 1, "constructor": {"a": null}}`)) as Map<
      string,
      unknown
    >;
    expect([...value.keys()]).to.deep.equal(["__proto__", "constructor"]);
    expect(value.get("constructor")).to.deep.equal(new Map([["a", null]]));
  });

  it("are made once for each object", () => {
    const object = { a: [1] };
    expect(toSharedCelValue(object))
      .to.equal(toSharedCelValue(object))
      .and.not.equal(toSharedCelValue({ a: [1] }));
    expect([undefined, null, 1, "a"].map(toSharedCelValue)).to.deep.equal([null, null, 1n, "a"]);
  });

  describe("celEquals", () => {
    it("is true of a value and its copy, and false once anything in it is another", () => {
      fc.assert(
        fc.property(json, (value) => {
          const copy = toCelValue(JSON.parse(JSON.stringify(value)));
          return celEquals(toCelValue(value), copy, free) && !celEquals([copy, 1n], [copy, 2n], free);
        }),
      );
    });

    it("is symmetric, and says of JSON what comparing text says", () => {
      const sorted = (value: unknown): unknown =>
        value instanceof Map
          ? ["map", [...value].sort().map(([key, member]) => [key, sorted(member)])]
          : Array.isArray(value)
            ? value.map(sorted)
            : String(value) + typeof value;
      fc.assert(
        fc.property(json, json, (one, other) => {
          const [left, right] = [toCelValue(one), toCelValue(other)];
          const same = JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
          return celEquals(left, right, free) === same && celEquals(right, left, free) === same;
        }),
      );
    });

    it("compares numbers of any type by value, exactly", () => {
      expect(celEquals(1n, 1, free)).to.equal(true);
      expect(celEquals(2n ** 53n + 1n, 2 ** 53, free)).to.equal(false);
      expect(celEquals(Number.NaN, Number.NaN, free)).to.equal(false);
      expect(celEquals(1n, "1", free)).to.equal(false);
      expect(celEquals(1n, true, free)).to.equal(false);
    });

    it("compares bytes, times and what is no value of ours", () => {
      expect(celEquals(Buffer.from("a"), new Uint8Array([97]), free)).to.equal(true);
      expect(celEquals(Buffer.from("a"), Buffer.from("b"), free)).to.equal(false);
      expect(celEquals(new Date(1), new Date(1), free)).to.equal(true);
      expect(celEquals(new Date(1), null, free)).to.equal(false);
      expect(celEquals({}, {}, free)).to.equal(false);
    });

    it("charges for as much as it compares", () => {
      const cost = (one: unknown, other: unknown): number => {
        let units = 0;
        celEquals(one, other, (more) => {
          units += more;
        });
        return units;
      };
      const long = "a".repeat(10_000);
      expect(cost(long, `${long.slice(1)}b`)).to.be.at.least(1000);
      expect(cost(long, "b")).to.equal(1);
      const list = Array.from({ length: 1000 }, () => 1n);
      expect(cost(list, [...list])).to.be.at.least(1000);
      expect(cost(list, [2n, ...list.slice(1)])).to.be.below(5);
    });
  });

  it("cost what they are long", () =>
    expect(["a".repeat(100), [1, 2], new Map([[1, 2]]), 1n].map(shallowCost)).to.deep.equal([10, 2, 1, 0]));
});
