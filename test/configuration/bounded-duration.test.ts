import { expect } from "chai";
import { safeParse, toJSONSchema } from "zod/mini";
import { boundedDuration, grace, timeout } from "../../src/configuration/bounded-duration.ts";

const faultsOf = (text: string, schema: typeof timeout = timeout): string[] =>
  (safeParse(schema, text).error?.issues ?? []).map(({ code, message }) =>
    code === "custom" ? message : code,
  );

describe("a timeout in a configuration file", () => {
  for (const [text, ms] of [
    ["10s", 10_000],
    ["1ms", 1],
    ["24h", 86_400_000],
    // AbortSignal.timeout throws for part of a millisecond
    ["1500us", 2],
    ["0s5ms", 5],
  ] as const)
    it(`may be ${text}`, () => expect(safeParse(timeout, text).data).to.deep.equal({ ms }));

  for (const text of ["0", "0s", "0.0h", "0m0s", "999us", "1ns", `${"0".repeat(70)}1s`])
    it(`is not ${text.slice(0, 12)}, in which nobody could answer`, () =>
      expect(faultsOf(text)).to.deep.equal(["must be at least 1ms: nothing is done in less"]));

  // 2^31 ms and more go off at once
  for (const text of ["25h", "600h", "24h1ns"])
    it(`is not ${text}, at which timers end`, () =>
      expect(faultsOf(text)).to.deep.equal(["must be at most 24h"]));

  it("has one fault where it is no duration", () =>
    expect(faultsOf("soon")).to.deep.equal(["invalid_format"]));

  it("may not be zero in the JSON Schema either", () => {
    const { pattern, allOf } = toJSONSchema(timeout, { io: "input" });
    const patterns = [pattern!, ...allOf!.map((one) => one.pattern!)].map((one) => new RegExp(one));
    const isValid = (text: string): boolean => patterns.every((one) => one.test(text));
    expect(["10s", "1500us", "0s5ms"].filter((text) => !isValid(text))).to.deep.equal([]);
    expect(["", "0", "0s", "0.0h", "soon"].filter(isValid)).to.deep.equal([]);
  });
});

describe("a grace in a configuration file", () => {
  it("may be nothing, or all a timer can count", () => {
    for (const [text, ms] of [
      ["0s", 0],
      ["24h", 86_400_000],
    ] as const)
      expect(safeParse(grace, text).data).to.deep.equal({ ms });
    expect(faultsOf("600h", grace)).to.deep.equal(["must be at most 24h"]);
    expect(toJSONSchema(grace, { io: "input" })).to.not.have.property("allOf");
  });
});

describe("a bounded duration", () => {
  it("is as long as may be where no most is said", () => {
    const schema = boundedDuration({ least: "1s" });
    expect(safeParse(schema, "9000h").success).to.equal(true);
    expect(faultsOf("0s", schema)).to.deep.equal(["must be at least 1s: nothing is done in less"]);
  });
});
