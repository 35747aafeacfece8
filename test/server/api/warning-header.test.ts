import { expect } from "chai";
import { warningValue } from "../../../src/server/api/warning-header.ts";

describe("warningValue", () => {
  for (const [text, value] of [
    ["plain", '299 - "plain"'],
    ['"quoted" \\ twice', '299 - "\\"quoted\\" \\\\ twice"'],
    ["a\r\nSet-Cookie: b", '299 - "a??Set-Cookie: b"'],
    ["naïve ✓", '299 - "na?ve ?"'],
    ["a\tb", '299 - "a\tb"'],
  ] as const)
    it(`quotes ${JSON.stringify(text)}`, () => {
      expect(warningValue(text)).to.equal(value);
    });
});
