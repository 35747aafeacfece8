import { expect } from "chai";
import fc from "fast-check";
import { type JsonScan, maxDepth, skipSpace, skipValue } from "../../src/admission/json-scan.ts";
import { codedError } from "./coded-error.ts";

const scanOf = (text: string): JsonScan => ({
  bytes: Buffer.from(text),
  escapedName: false,
  longNumber: false,
});

/** Whether the whole text is one value and white space. */
function isJSON(text: string): boolean {
  const scan = scanOf(text);
  try {
    return skipSpace(scan.bytes, skipValue(scan, skipSpace(scan.bytes, 0), 0)) === scan.bytes.length;
  } catch (error) {
    codedError(() => {
      throw error;
    });
    return false;
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("json-scan", () => {
  const texts = [
    '{"a":[1,-0,0.5,1e3,1E-2,2e+1,true,false,null,"x"]}',
    ' \t\r\n{ "a" : [ ] , "b" : { } } \n',
    '"\\u00e9\\ud83d\\ude00\\"\\\\\\/\\b\\f\\n\\r\\t"',
    '"\\ud800"',
    '"é😀\u007f\u2028"',
    "",
    " ",
    "{",
    "[",
    '"',
    '"\\',
    '"\\u12',
    '"\\u12g4"',
    '"\\x41"',
    '"a\nb"',
    '"a\u0000b"',
    "01",
    "-",
    "+1",
    ".5",
    "1.",
    "1e",
    "1e+",
    "0x10",
    "NaN",
    "Infinity",
    "-Infinity",
    "nul",
    "nullx",
    "True",
    "[1,]",
    "[,1]",
    "[1 2]",
    '{"a":1,}',
    '{,"a":1}',
    '{"a" 1}',
    '{"a":}',
    "{a:1}",
    "{'a':1}",
    '{"a":1 "b":2}',
    "{}{}",
    "{}]",
    "[}",
    '{"a":[}]',
    "// x\n1",
    "\ufeff{}",
    "\u00a0{}",
    "\u000b1",
  ];
  for (const text of texts)
    it(`agrees with JSON.parse on ${JSON.stringify(text)}`, () => {
      expect(isJSON(text)).to.equal(parses(text));
    });

  it("agrees with JSON.parse on every JSON text there is", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.nat(3), (text, indent) => {
        expect(isJSON(text)).to.equal(true);
        expect(isJSON(JSON.stringify(JSON.parse(text), undefined, indent))).to.equal(true);
      }),
    );
  });

  it("agrees with JSON.parse on texts that somebody has tampered with", () => {
    const piece = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"',
      "\\",
      "\\u",
      "0",
      "1",
      "-",
      "e",
      ".",
      "t",
      "n",
      " ",
      "\u0001",
    );
    const tampered = fc
      .tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.nat(4), fc.array(piece, { maxLength: 3 }))
      .map(([text, at, cut, pieces]) => {
        const from = at % (text.length + 1);
        return text.slice(0, from) + pieces.join("") + text.slice(from + cut);
      })
      .filter((text) => text.isWellFormed());
    fc.assert(
      fc.property(tampered, (text) => {
        expect(isJSON(text)).to.equal(parses(text));
      }),
      { numRuns: 3000 },
    );
  });

  it("refuses more levels than it allows, and as many as it allows pass", () => {
    const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
    expect(isJSON(nested(maxDepth))).to.equal(true);
    expect(isJSON(nested(maxDepth + 1))).to.equal(false);
    expect(isJSON(`${'{"a":'.repeat(maxDepth + 1)}1${"}".repeat(maxDepth + 1)}`)).to.equal(false);
  });

  it("stays on its feet before a million opening brackets", () => {
    expect(isJSON("[".repeat(1_000_000))).to.equal(false);
    expect(isJSON('{"a":'.repeat(1_000_000))).to.equal(false);
  });

  it("sees member names with escapes, wherever they stand, and takes no value for one", () => {
    const escaped = (text: string): boolean => {
      const scan = scanOf(text);
      skipValue(scan, 0, 0);
      return scan.escapedName;
    };
    expect(escaped('{"a":[{"\\u0062":1}]}')).to.equal(true);
    expect(escaped('{"\\"":1}')).to.equal(true);
    expect(escaped('{"a":"\\u0062","b":["\\n"]}')).to.equal(false);
  });

  it("sees numbers that a double may not hold", () => {
    const long = (text: string): boolean => {
      const scan = scanOf(text);
      skipValue(scan, 0, 0);
      return scan.longNumber;
    };
    expect(long("[9007199254740993]")).to.equal(true);
    expect(long("[-9223372036854775808]")).to.equal(true);
    expect(long("[123456789012345]")).to.equal(false);
    expect(long('["9007199254740993"]')).to.equal(false);
  });

  it("names the byte at which the text goes wrong", () => {
    expect(codedError(() => skipValue(scanOf('{"a":tru}'), 0, 0)).message).to.equal(
      "the review is not JSON: expected a value at byte 5",
    );
  });
});
