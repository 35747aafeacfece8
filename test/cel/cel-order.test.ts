import { expect } from "chai";
import fc from "fast-check";
import { compareStrings, compareValues } from "../../src/cel/cel-order.ts";
import { durationOf } from "../../src/cel/time-text.ts";

const free = (): void => {};

describe("compareStrings", () => {
  it("orders as the bytes of UTF-8 do", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (one, other) => {
        const bytes = Buffer.compare(Buffer.from(one), Buffer.from(other));
        return Math.sign(compareStrings(one, other)) === bytes;
      }),
    );
  });
});

describe("compareValues", () => {
  it("orders values of one type", () => {
    for (const [less, more] of [
      [1n, 2n],
      [1.5, 2.5],
      [false, true],
      ["a", "b"],
      [Buffer.from("a"), Buffer.from("b")],
      [new Date(1), new Date(2)],
      [durationOf(1n), durationOf(2n)],
    ]) {
      expect(compareValues(less, more, free)).to.be.below(0);
      expect(compareValues(more, less, free)).to.be.above(0);
      expect(compareValues(less, less, free)).to.equal(0);
    }
  });

  it("refuses values of two types, and those without an order", () => {
    for (const [one, other] of [
      [1n, 1.5],
      ["a", 1n],
      [[], []],
      [null, null],
      [new Map(), new Map()],
    ])
      expect(() => compareValues(one, other, free)).to.throw(/no order/);
  });
});
