import { expect } from "chai";
import fc from "fast-check";
import { parseDuration } from "../../src/configuration/duration.ts";

describe("parseDuration", () => {
  const read: Record<string, number> = {
    "0": 0,
    "10s": 10_000,
    "2m": 120_000,
    "1m30s": 90_000,
    "1.5h": 5_400_000,
    ".5s": 500,
    "1.s": 1000,
    "250ms": 250,
    "1h0m0.5s": 3_600_500,
    "1500us": 1.5,
    "1500µs": 1.5,
    "0s": 0,
  };
  for (const [text, ms] of Object.entries(read))
    it(`reads ${text} as Go does`, () => expect(parseDuration(text)).to.deep.equal({ ms }));

  for (const text of ["", "10", "s", "10 s", "-1s", "+1s", "10S", "1d", ".s", "1..5s", "10s ", "1e3s", "∞s"])
    it(`refuses ${JSON.stringify(text)}`, () => expect(parseDuration(text)).to.equal(undefined));

  it("never gives anything but a finite length, whatever the text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.hmsuµn]{0,40}$/)), (text) => {
        const duration = parseDuration(text);
        if (duration !== undefined) expect(duration.ms).to.be.finite.and.at.least(0);
      }),
    );
  });
});
