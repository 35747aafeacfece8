import { expect } from "chai";
import fc from "fast-check";
import { formatDouble, formatFixed, formatScientific } from "../../src/cel/double-text.ts";

describe("formatDouble", () => {
  for (const [value, text] of [
    [0, "0"],
    [-0, "-0"],
    [1, "1"],
    [1.5, "1.5"],
    [-0.0001, "-0.0001"],
    [1e-5, "1e-05"],
    [1e-7, "1e-07"],
    [999_999, "999999"],
    [1e6, "1e+06"],
    [123_456_789, "1.23456789e+08"],
    [1e100, "1e+100"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "+Inf"],
    [Number.NEGATIVE_INFINITY, "-Inf"],
  ] as const)
    it(`of ${text}`, () => expect(formatDouble(value)).to.equal(text));

  it("is read back as the same number", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) =>
        Object.is(Number(formatDouble(value)), value),
      ),
    );
  });
});

describe("formatFixed", () => {
  for (const [value, digits, text] of [
    [2.5, 0, "2"],
    [3.5, 0, "4"],
    [-2.5, 0, "-2"],
    [0.25, 1, "0.2"],
    [0.35, 1, "0.3"],
    [0.375, 2, "0.38"],
    [1.005, 2, "1.00"],
    [1, 6, "1.000000"],
  ] as const)
    it(`of ${value} to ${digits} digits is ${text}`, () => expect(formatFixed(value, digits)).to.equal(text));
});

describe("formatScientific", () => {
  for (const [value, digits, text] of [
    [1052.032911275, 3, "1.052 × 10⁰³"],
    [0.00123, 1, "1.2 × 10⁻⁰³"],
    [0, 0, "0 × 10⁰⁰"],
  ] as const)
    it(`of ${value} is ${text}`, () => expect(formatScientific(value, digits)).to.equal(text));
});
