import { expect } from "chai";
import { compilePattern, expandedSize } from "../../src/cel/pattern.ts";

describe("compilePattern", () => {
  it("takes RE2's syntax", () => {
    for (const pattern of [
      "(?i)^d$",
      "\\pL+",
      "[[:alpha:]]",
      "(?P<name>a)",
      "a{2,5}?",
      "\\bword\\b",
      "(?s).*",
    ])
      expect(compilePattern(pattern).size, pattern).to.be.above(0);
  });

  for (const pattern of [
    "(?=a)",
    "(?!a)",
    "(?<=a)b",
    "(?<!a)b",
    "(a)\\1",
    "(?>a)",
    "a++",
    "(",
    "[",
    "a{1001}",
    "(a{100}){100}",
    "*",
  ])
    it(`refuses ${pattern}`, () =>
      expect(() => compilePattern(pattern))
        .to.throw()
        .with.property("name", "EvaluationError"));

  it("refuses what would make a large program before it makes it", () => {
    for (const pattern of [`(${"ab".repeat(50)}){1000}`, "a".repeat(10_001), "(a{900})".repeat(20)])
      expect(() => compilePattern(pattern), pattern.slice(0, 20)).to.throw(/too large/);
  });
});

describe("expandedSize", () => {
  for (const [pattern, size] of [
    ["abc", 3],
    ["a{1000}", 1000],
    ["a{2,5}", 5],
    ["a{3,}", 3],
    ["(ab){3}", 6],
    ["((a{2}){3}){4}", 24],
    ["\\d{7}", 7],
    ["a{0}b", 2],
    ["{", 1],
    ["a)b{2}", 3],
  ] as const)
    it(`of ${pattern} is ${size}`, () => expect(expandedSize(pattern)).to.equal(size));

  it("is in proportion to the program that RE2 makes", () => {
    for (const pattern of ["a{1000}", "(abc|d){200}", "[a-z]{500}x", "((ab){20}c){20}"])
      expect(compilePattern(pattern).size / expandedSize(pattern), pattern).to.be.within(0.2, 3);
  });
});
