import { expect } from "chai";
import { formatTime } from "../../src/apis/time.ts";

describe("a time as metav1.Time is written", () => {
  it("is in UTC to the second", () => {
    expect(formatTime(Date.parse("2026-11-21T22:57:48+02:00"))).to.equal("2026-11-21T20:57:48Z");
  });
  it("drops what is left of the second", () => {
    expect(formatTime(Date.parse("2026-11-21T22:57:48.999Z"))).to.equal("2026-11-21T22:57:48Z");
  });
});
