import { expect } from "chai";
import fc from "fast-check";
import { formatDuration } from "../../src/cel/string-format.ts";
import { durationOf, parseDuration, parseTimestamp } from "../../src/cel/time-text.ts";

describe("parseTimestamp", () => {
  it("reads what RFC 3339 allows", () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date("0001-01-01T00:00:00Z"),
          max: new Date("9999-12-31T23:59:59Z"),
          noInvalidDate: true,
        }),
        (date) => parseTimestamp(date.toISOString()).getTime() === date.getTime(),
      ),
    );
    expect(parseTimestamp("2026-01-01T02:00:00+02:00").toISOString()).to.equal("2026-01-01T00:00:00.000Z");
    expect(parseTimestamp("2028-02-29T00:00:00.123456789Z").getTime()).to.equal(
      Date.UTC(2028, 1, 29, 0, 0, 0, 123),
    );
  });

  for (const text of [
    "",
    "2026-01-01",
    "2026-01-01T00:00:00",
    "Sat Nov 21 2026 00:00:00",
    "2026-02-30T00:00:00Z",
    "2027-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:60:00Z",
    "0000-01-01T00:00:00Z",
    "2026-01-01t00:00:00Z ",
  ])
    it(`refuses ${JSON.stringify(text)}`, () =>
      expect(() => parseTimestamp(text)).to.throw(/invalid timestamp/));
});

describe("parseDuration", () => {
  for (const [text, nanos] of [
    ["0", 0n],
    ["-0", 0n],
    ["1s", 1_000_000_000n],
    ["+1.5h", 5_400_000_000_000n],
    ["-1m30s", -90_000_000_000n],
    ["1h2m3s4ms5us6ns", 3_723_004_005_006n],
    ["1µs", 1_000n],
    [".5s", 500_000_000n],
    ["1.s", 1_000_000_000n],
    ["9223372036854775807ns", 9_223_372_036_854_775_807n],
  ] as const)
    it(`reads ${text}`, () => {
      const { seconds, nanos: rest } = parseDuration(text);
      expect(seconds * 1_000_000_000n + BigInt(rest)).to.equal(nanos);
    });

  for (const text of [
    "",
    "1",
    "s",
    ".s",
    "1 s",
    "1d",
    "1s ",
    "--1s",
    "1h-1m",
    "1e3s",
    "9223372036854775808ns",
    "1".repeat(200_000),
    `${"1".repeat(200_000)}s`,
  ])
    it(`refuses ${JSON.stringify(text.slice(0, 20))} of ${text.length}`, () =>
      expect(() => parseDuration(text)).to.throw(/invalid duration/));

  it("reads what formatDuration writes", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), (nanos) => {
        const read = parseDuration(formatDuration(durationOf(nanos)));
        return read.seconds * 1_000_000_000n + BigInt(read.nanos) === nanos;
      }),
    );
  });
});
