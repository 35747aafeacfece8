import { expect } from "chai";
import { parseLintDocuments } from "../../../src/inspection/lint/lint-document.ts";

const parse = (text: string) => parseLintDocuments(text, "file.yaml");

describe("parseLintDocuments", () => {
  it("reads the documents of a file, each with the lines where it stands, and skips empty ones", () => {
    const [first, second, ...others] = parse("a: 1\n---\n# nothing\n---\nb:\n  - c: 2\n");
    expect(others).to.deep.equal([]);
    expect([first!.value, second!.value]).to.deep.equal([{ a: 1 }, { b: [{ c: 2 }] }]);
    expect(first!.positionOf(["a"])).to.deep.equal({ line: 1, column: 4 });
    expect(second!.positionOf(["b", 0, "c"])).to.deep.equal({ line: 6, column: 8 });
    expect(second!.positionOfKey(["b", 0, "c"])).to.deep.equal({ line: 6, column: 5 });
  });

  it("says for what is not there where it would be", () => {
    const [document] = parse("a:\n  b:\n    c: 1\n");
    expect(document!.positionOf(["a", "b", "missing", 0]).line).to.equal(3);
    expect(document!.positionOfKey(["nothing"]).line).to.equal(1);
  });

  it("reads JSON", () => {
    const [document] = parse('{\n  "kind": "X",\n  "list": [1,\n2]}');
    expect(document!.value).to.deep.equal({ kind: "X", list: [1, 2] });
    expect(document!.positionOf(["list", 1]).line).to.equal(4);
  });

  it("takes Lists apart, of every kind, and keeps the items' lines", () => {
    for (const kind of ["List", "ValidatingWebhookConfigurationList"]) {
      const [first, second] = parse(`kind: ${kind}\nitems:\n- kind: A\n- kind: B\n  x: 1\n`);
      expect(first!.value).to.deep.equal({ kind: "A" });
      expect(second!.positionOf(["x"]).line).to.equal(5);
      expect(second!.positionOfKey(["x"]).column).to.equal(3);
    }
  });

  it("reads anchors and aliases as kubectl does", () => {
    const [document] = parse("a: &rule {x: 1}\nb: *rule\n");
    expect(document!.value).to.deep.equal({ a: { x: 1 }, b: { x: 1 } });
    expect(document!.positionOf(["b"]).line).to.be.oneOf([1, 2]);
  });

  it("keeps the text of each document at its lines, for whoever reads it once more", () => {
    const [, second] = parse("a: 1\n---\nb: 2\n");
    expect(second!.text!.split("\n")[2]).to.equal("b: 2");
  });

  it("says with its line what cannot be read, and goes on with the next document", () => {
    const [broken, good] = parse("a: [1\n---\nb: 2\n");
    expect(broken!.value).to.equal(undefined);
    expect(broken!.faults[0]!.message).to.not.contain("\n");
    expect(good!.value).to.deep.equal({ b: 2 });
  });

  it("tells a key that stands twice, and reads on", () => {
    const [document] = parse("a: 1\na: 2\n");
    expect(document!.faults).to.have.lengthOf(1);
    expect(document!.faults[0]!.position.line).to.equal(2);
    expect(document!.value).to.be.an("object");
  });

  it("unfolds no bomb of aliases", () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const of = level === 0 ? "x" : `*l${level - 1}`;
      return `l${level}: &l${level} [${Array(10).fill(of).join(", ")}]`;
    });
    const [document] = parse(levels.join("\n"));
    expect(document!.value).to.equal(undefined);
    expect(document!.faults[0]!.message).to.match(/alias/i);
  });

  it("says of nesting that no manifest has that it cannot be read", () => {
    const [document] = parse("[".repeat(100_000));
    expect(document!.value).to.equal(undefined);
    expect(document!.faults).to.not.deep.equal([]);
  });
});
