import { expect } from "chai";
import fc from "fast-check";
import { limitWarnings } from "../../src/admission/warnings.ts";

const runes = (texts: readonly string[]): number => [...texts.join("")].length;

describe("limitWarnings", () => {
  it("leaves alone what an API server would pass on", () => {
    const long = "x".repeat(4000);
    expect(limitWarnings(["one", "two", long])).to.deep.equal(["one", "two", long]);
  });

  it("says everything once, in the order it was first said", () => {
    expect(limitWarnings(["b", "a", "b", "a"])).to.deep.equal(["b", "a"]);
  });

  it("makes spaces of control characters, for which the header would be dropped whole", () => {
    expect(limitWarnings(["line one\r\nline two\t\u0000end\u0085"])).to.deep.equal(["line one line two end"]);
  });

  it("drops what says nothing", () => {
    expect(limitWarnings(["", " ", "\n"])).to.deep.equal([]);
  });

  it("cuts every warning to 256 characters once all together have more than 4096", () => {
    const warnings = limitWarnings(["x".repeat(300), "y".repeat(4000), "short"]);
    expect(warnings).to.deep.equal(["x".repeat(256), "y".repeat(256), "short"]);
  });

  it("counts characters as the API server does, not halves of them", () => {
    expect(limitWarnings(["😀".repeat(4096)])).to.deep.equal(["😀".repeat(4096)]);
    expect(limitWarnings(["😀".repeat(4097)])).to.deep.equal(["😀".repeat(256)]);
  });

  it("never lets through more than 4096 characters, nor half a character, whatever it is given", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary", maxLength: 600 }), { maxLength: 30 }), (texts) => {
        const warnings = limitWarnings(texts);
        expect(runes(warnings)).to.be.at.most(4096);
        expect(new Set(warnings).size).to.equal(warnings.length);
        for (const text of warnings) {
          expect(text.isWellFormed()).to.equal(true);
          expect(text).to.not.match(/\p{Cc}/u);
        }
      }),
    );
  });
});
