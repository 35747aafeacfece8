import { expect } from "chai";
import {
  parseYamlDocument,
  parseYamlDocuments,
  partOfDocument,
  withoutNulls,
} from "../../src/configuration/yaml-document.ts";

describe("YAML documents", () => {
  it("are told apart, each with its positions in the text, empty ones left out", () => {
    const read = parseYamlDocuments("# nothing\n---\na: 1\n---\n\n---\nb:\n  - c: 2\n---\nnull\n");
    expect(read.map(({ value }) => value)).to.deep.equal([{ a: 1 }, { b: [{ c: 2 }] }]);
    expect(read[1]?.positionOf(["b", 0, "c"])).to.deep.equal({ line: 8, column: 8 });
    expect(read[1]?.positionOfKey(["b"])).to.deep.equal({ line: 7, column: 1 });
  });

  it("may be one of JSON, or none at all", () => {
    expect(parseYamlDocuments('{"a": [1]}').map(({ value }) => value)).to.deep.equal([{ a: [1] }]);
    expect(parseYamlDocuments("")).to.deep.equal([]);
  });

  it("do not share their faults", () => {
    const [good, bad, twice] = parseYamlDocuments("a: 1\n---\nb: [\n---\nc: 1\nc: 2\n");
    expect(good?.faults).to.deep.equal([]);
    expect(bad?.value).to.equal(undefined);
    expect(bad?.faults[0]?.position.line).to.be.within(3, 4);
    expect(twice?.faults).to.deep.equal([
      { position: { line: 6, column: 1 }, message: "the field stands here twice: keep one" },
    ]);
  });

  it("cannot be made large by aliases", () => {
    const [aliased] = parseYamlDocuments("a: &a [1]\nb: *a\n");
    expect(aliased?.faults[0]).to.deep.include({ position: { line: 2, column: 4 } });
    expect(parseYamlDocuments("*a")[0]?.faults).to.not.deep.equal([]);
  });

  it("may have aliases and unknown tags where they are read as kubectl reads them", () => {
    const text = "a: &a !thing [1]\nb: *a\n";
    const [read] = parseYamlDocuments(text, { lenient: true });
    expect(read).to.deep.include({ value: { a: [1], b: [1] }, faults: [] });
    const [dangling] = parseYamlDocuments("\na: *b\n", { lenient: true });
    expect(dangling!.value).to.equal(undefined);
    expect(dangling!.faults).to.not.deep.equal([]);
  });

  it("know their own text, at the lines and columns where it stands", () => {
    const [, second] = parseYamlDocuments("a: 1\n---\n  b: 2\n");
    expect(second!.text.split("\n").slice(0, 3)).to.deep.equal(["", "", "  b: 2"]);
  });

  it("have parts with positions in the whole", () => {
    const [whole] = parseYamlDocuments("items:\n- a: 1\n");
    const part = partOfDocument(whole!, ["items", 0], { a: 1 });
    expect(part).to.deep.include({ value: { a: 1 }, faults: [] });
    expect(part.positionOf(["a"])).to.deep.equal({ line: 2, column: 6 });
    expect(part.positionOfKey(["a"])).to.deep.equal({ line: 2, column: 3 });
  });

  it("lose members that are null, and no entry of a list", () => {
    expect(withoutNulls({ a: null, b: [null, { c: null, d: 0 }], e: "" })).to.deep.equal({
      b: [null, { d: 0 }],
      e: "",
    });
  });

  const blocks = Array.from({ length: 1_000 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join("");
  for (const [what, text] of [
    ["lists in brackets", "[".repeat(100_000)],
    ["maps in braces", "{a: ".repeat(100_000)],
    ["lists on one line", "- ".repeat(100_000)],
    ["keys on one line", "? ".repeat(100_000)],
    ["maps by indentation", blocks],
  ] as const)
    it(`cannot exhaust the stack, and with it the process, by ${what}`, () => {
      for (const document of [parseYamlDocument(text), ...parseYamlDocuments(text)])
        expect(document.faults.map(({ message }) => message)).to.deep.equal(["is nested too deeply"]);
    });

  it("may nest as deeply as anybody writes", () => {
    const text = `${"[".repeat(100)}${"]".repeat(100)}`;
    for (const document of [parseYamlDocument(text), ...parseYamlDocuments(text)])
      expect(document.faults).to.deep.equal([]);
  });
});
