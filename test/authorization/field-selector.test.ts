import { expect } from "chai";
import fc from "fast-check";
import { exactFieldValue } from "../../src/authorization/field-selector.ts";

const escaped = (text: string): string => text.replace(/[\\,=]/g, "\\$&");

describe("exactFieldValue", () => {
  for (const [selector, expected] of [
    ["metadata.name=x", "x"],
    ["metadata.name==x", "x"],
    ["a=b,metadata.name=x", "x"],
    ["metadata.name=x,a!=b", "x"],
    [",,metadata.name=x,", "x"],
    ["metadata.name=", ""],
    ["metadata.name=a\\,b", "a,b"],
    ["metadata.name=a\\=b\\\\", "a=b\\"],
    // the terms are sorted, as upstream sorts them: both leave nothing but what is both
    ["metadata.name=z,metadata.name=a", "a"],
    ["", undefined],
    ["metadata.name!=x", undefined],
    ["metadata.names=x", undefined],
    ["spec.nodeName=x", undefined],
    // what an escaped comma stands before is no term of its own
    ["metadata.name!=a\\,metadata.name=x", undefined],
    ["spec.nodeName!=a\\,metadata.name=x", undefined],
    // these are no selectors
    ["metadata.name", undefined],
    ["metadata.name=x,y", undefined],
    ["metadata.name=a=b", undefined],
    ["metadata.name=x,a=b=c", undefined],
    ["metadata.name=a\\b", undefined],
    ["metadata.name=a\\", undefined],
    ["metadata.name=x,a=\\", undefined],
  ] as const)
    it(`${JSON.stringify(selector)}: ${JSON.stringify(expected)}`, () => {
      expect(exactFieldValue(selector, "metadata.name")).to.equal(expected);
    });

  it("never takes a part of another term's value for a term", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("\\", ",", "=", "!", "metadata.name", "x") }),
        (value) => {
          const selector = `spec.nodeName!=${escaped(value)}`;
          expect(exactFieldValue(selector, "metadata.name")).to.equal(undefined);
          expect(exactFieldValue(`metadata.name=${escaped(value)}`, "metadata.name")).to.equal(value);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("reads a long selector in a time that grows with it", () => {
    const selector = `${"\\,!a".repeat(50_000)}=x`;
    expect(exactFieldValue(selector, "metadata.name")).to.equal(undefined);
  });
});
