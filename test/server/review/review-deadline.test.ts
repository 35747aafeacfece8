import { expect } from "chai";
import { reviewTimeoutMs } from "../../../src/server/review/review-deadline.ts";

const route = { deadlineMs: 30_000, deadlineMarginMs: 500 };

describe("reviewTimeoutMs", () => {
  for (const [query, ms] of [
    ["?timeout=10s", 9500],
    ["?timeout=1m30s", 30_000],
    ["?a=b&timeout=2s", 1500],
    ["?timeout=30s", 29_500],
    ["?timeout=1s", 500],
    ["?timeout=500ms", 250],
    ["", 30_000],
    ["?timeout=", 30_000],
    ["?timeout=0s", 30_000],
    ["?timeout=soon", 30_000],
    ["?timeout=-5s", 30_000],
    ["?xtimeout=1s", 30_000],
    ["?timeout=1s&timeout=20s", 500],
  ] as const)
    it(`gives ${ms} ms for ${query || "no announcement"}`, () => {
      expect(reviewTimeoutMs(`/validate${query}`, route)).to.equal(ms);
    });

  it("never gives more than the route allows, nor less than half of what is announced", () => {
    expect(reviewTimeoutMs("/?timeout=30s", { deadlineMs: 2000, deadlineMarginMs: 500 })).to.equal(2000);
    expect(reviewTimeoutMs("/?timeout=4s", { deadlineMs: 30_000, deadlineMarginMs: 10_000 })).to.equal(2000);
  });
});
