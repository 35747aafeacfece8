import { expect } from "chai";
import { queryOf } from "../../../../src/server/gateway/routes/request-query.ts";

describe("queryOf", () => {
  for (const [url, query] of [
    [undefined, ""],
    ["/pods", ""],
    ["/pods?", ""],
    ["/pods?a=b&c", "a=b&c="],
    ["/pods?a=/x?y=z", "a=%2Fx%3Fy%3Dz"],
    ["/pods?a=%2e%2e&a=2", "a=..&a=2"],
  ] as const)
    it(`${url} has ${query || "none"}`, () => {
      expect(queryOf(url).toString()).to.equal(query);
    });
});
