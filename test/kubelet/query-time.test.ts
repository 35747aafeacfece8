import { expect } from "chai";
import { parseQueryTime } from "../../src/kubelet/query-time.ts";

/** Printed by a Go 1.26 program: what time.Parse(time.RFC3339, …) says behind `parsing time "…"`. */
const refusals: readonly (readonly [text: string, why: string])[] = [
  ["x", ' as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'],
  ["2024", ' as "2006-01-02T15:04:05Z07:00": cannot parse "" as "-"'],
  ["2024-08", ' as "2006-01-02T15:04:05Z07:00": cannot parse "" as "-"'],
  ["2024-8-30T06:00:00Z", ' as "2006-01-02T15:04:05Z07:00": cannot parse "8-30T06:00:00Z" as "01"'],
  ["2024-08-30", ' as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'],
  ["2024-08-30 06:00:00Z", ' as "2006-01-02T15:04:05Z07:00": cannot parse " 06:00:00Z" as "T"'],
  ["2024-08-30T06:00Z", ' as "2006-01-02T15:04:05Z07:00": cannot parse "Z" as ":"'],
  ["2024-08-30T06:00:00", ' as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"'],
  ["2024-08-30T06:00:00Zx", ': extra text: "x"'],
  ["2024-08-30T06:00:00+0200", ' as "2006-01-02T15:04:05Z07:00": cannot parse "+0200" as "Z07:00"'],
  ["2024-13-01T00:00:00Z", ": month out of range"],
  ["2024-00-01T00:00:00Z", ": month out of range"],
  ["2023-02-29T00:00:00Z", ": day out of range"],
  ["2024-08-32T00:00:00Z", ": day out of range"],
  ["2024-08-00T00:00:00Z", ": day out of range"],
  ["2024-08-30T24:00:00Z", ": hour out of range"],
  ["2024-08-30T06:60:00Z", ": minute out of range"],
  ["2024-08-30T06:00:60Z", ": second out of range"],
  ["2024-08-30T06:00:00+25:00", ": time zone offset hour out of range"],
  ["2024-08-30T06:00:00+02:61", ": time zone offset minute out of range"],
  ["2024-08-30t06:00:00z", ' as "2006-01-02T15:04:05Z07:00": cannot parse "t06:00:00z" as "T"'],
  ["1725000000", ' as "2006-01-02T15:04:05Z07:00": cannot parse "000000" as "-"'],
  ["-024-08-30T06:00:00Z", ' as "2006-01-02T15:04:05Z07:00": cannot parse "-024-08-30T06:00:00Z" as "2006"'],
  ["2024-08-30T06:00:00.Z", ' as "2006-01-02T15:04:05Z07:00": cannot parse ".Z" as "Z07:00"'],
  ["2024-08-30T6:0:00Z", ' as "2006-01-02T15:04:05Z07:00": cannot parse "0:00Z" as "04"'],
  ["2024-08-30T06:00:00.5", ' as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"'],
  ["2024-08-30T06:00:00z", ' as "2006-01-02T15:04:05Z07:00": cannot parse "z" as "Z07:00"'],
];

describe("an instant of a query", () => {
  for (const [text, instant] of [
    ["", "0001-01-01T00:00:00Z"],
    ["null", "0001-01-01T00:00:00Z"],
    ["2024-08-30T06:00:00Z", "2024-08-30T06:00:00Z"],
    ["2024-08-30T06:00:00.999999999Z", "2024-08-30T06:00:00Z"],
    ["2024-08-30T06:00:00,5Z", "2024-08-30T06:00:00Z"],
    ["2024-08-30T6:00:00Z", "2024-08-30T06:00:00Z"],
    ["2024-08-30T08:30:00+02:30", "2024-08-30T06:00:00Z"],
    ["2024-08-29T23:00:00-07:00", "2024-08-30T06:00:00Z"],
    ["2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z"],
    ["0050-03-01T00:00:00Z", "0050-03-01T00:00:00Z"],
    ["2024-08-30T06:00:00-00:00", "2024-08-30T06:00:00Z"],
    ["2024-08-30T06:00:00+24:00", "2024-08-29T06:00:00Z"],
    ["2024-08-30T06:00:00+02:60", "2024-08-30T03:00:00Z"],
    ["0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"],
  ] as const)
    it(`${JSON.stringify(text)} is ${instant}`, () => {
      expect(parseQueryTime(text)).to.equal(instant);
    });

  for (const [text, why] of refusals)
    it(`${JSON.stringify(text)} is refused in Go's words`, () => {
      expect(() => parseQueryTime(text))
        .to.throw(`parsing time ${JSON.stringify(text)}${why}`)
        .with.property("answer")
        .that.includes({ code: 400, reason: "BadRequest" });
    });
});
