import { expect } from "chai";
import fc from "fast-check";
import { createWarningRecorder } from "../../../src/webhook/dispatch/warning-recorder.ts";

function recorded(...texts: readonly string[]): readonly string[] {
  const recorder = createWarningRecorder();
  for (const text of texts) recorder.add(text);
  return recorder.warnings;
}

describe("warning recorder", () => {
  it("keeps each once, in the order they came", () => {
    expect(recorded("old", "older", "old")).to.deep.equal(["old", "older"]);
  });

  it("keeps none that is empty or that a header cannot hold", () => {
    expect(recorded("", "two\nlines", "nul\u0000", "\u007f", "ümlaut")).to.deep.equal(["ümlaut"]);
  });

  it("passes 4096 characters on as they are, however they are spread", () => {
    const texts = ["a".repeat(2048), "b".repeat(2048)];
    expect(recorded(...texts)).to.deep.equal(texts);
    expect(recorded("a".repeat(4096))).to.deep.equal(["a".repeat(4096)]);
  });

  it("cuts all of them to 256 once there are more", () => {
    expect(recorded("a".repeat(2048), "short", "b".repeat(2048), "c".repeat(300))).to.deep.equal([
      "a".repeat(256),
      "short",
      "b".repeat(256),
      "c".repeat(256),
    ]);
  });

  it("counts code points, and cuts between them", () => {
    expect(recorded("😀".repeat(4096))).to.deep.equal(["😀".repeat(4096)]);
    expect(recorded("😀".repeat(4097))).to.deep.equal(["😀".repeat(256)]);
  });

  it("drops what comes after 4096 characters of such", () => {
    const texts = Array.from({ length: 40 }, (_, index) => `${index}-`.padEnd(1000, "x"));
    const warnings = recorded(...texts);
    expect(warnings).to.have.length(16);
    expect(warnings[15]).to.equal(texts[15]!.slice(0, 256));
  });

  it("never passes on more than one cut warning beyond 4096 characters", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 3000 }), { maxLength: 60 }), (texts) => {
        const lengths = recorded(...texts).map((text) => [...text].length);
        expect(lengths.reduce((sum, length) => sum + length, 0)).to.be.below(4096 + 256);
      }),
    );
  });
});
