import { expect } from "chai";
import fc from "fast-check";
import { lineDiff } from "../../src/commands/line-diff.ts";

describe("line diff", () => {
  it("shows what goes and what comes, with three lines around", () => {
    expect(lineDiff("1\n2\n3\n4\n5\n6\n7", "1\n2\n3\n4\nfive\n6\n7")).to.deep.equal([
      "  2",
      "  3",
      "  4",
      "- 5",
      "+ five",
      "  6",
      "  7",
    ]);
  });

  it("marks what it leaves out", () => {
    const lines = Array.from({ length: 20 }, (_, index) => String(index));
    const changed = lines.with(2, "x").with(17, "y");
    expect(lineDiff(lines.join("\n"), changed.join("\n")).filter((line) => line === "  ...")).to.have.length(
      1,
    );
  });

  it("is empty for equal texts", () => {
    expect(lineDiff("a\nb", "a\nb")).to.deep.equal([]);
  });

  it("holds all of both texts where everything is near a change", () => {
    const text = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = lineDiff(before.join("\n"), after.join("\n"));
        const side = (mark: string) => diff.filter((line) => line[0] !== mark).map((line) => line.slice(2));
        const [old, fresh] = diff.length === 0 ? [before, after] : [side("+"), side("-")];
        expect([old, fresh]).to.deep.equal([before, after]);
        if (diff.length === 0) expect(before).to.deep.equal(after);
      }),
    );
  });
});
