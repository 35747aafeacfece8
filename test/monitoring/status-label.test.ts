import { expect } from "chai";
import { statusLabel } from "../../src/monitoring/status-label.ts";

describe("the label of a status", () => {
  for (const status of [101, 200, 204, 206, 304, 400, 401, 403, 404, 429, 431, 499, 500, 503])
    it(`${status} is itself`, () => {
      expect(statusLabel(status)).to.equal(String(status));
    });

  it("stands for a hundred where nobody knows it", () => {
    expect([299, 460, 599, 999].map(statusLabel)).to.deep.equal(["2xx", "4xx", "5xx", "9xx"]);
    expect([0, -1, 1000, Number.NaN].map(statusLabel)).to.deep.equal(["other", "other", "other", "other"]);
  });

  it("is one of few, whatever is answered", () => {
    const labels = new Set(Array.from({ length: 1100 }, (_, status) => statusLabel(status)));
    expect(labels.size).to.be.lessThan(80);
  });
});
