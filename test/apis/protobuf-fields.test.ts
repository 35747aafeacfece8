import { expect } from "chai";
import { ProtobufFault, readProtobufFields } from "../../src/apis/protobuf-fields.ts";

const read = (hex: string) =>
  [...readProtobufFields(Buffer.from(hex, "hex"))].map(({ number, value }) => [
    number,
    typeof value === "number" ? value : value.toString("latin1"),
  ]);

describe("readProtobufFields", () => {
  const rows: Readonly<Record<string, readonly [hex: string, fields: unknown]>> = {
    nothing: ["", []],
    "a text": ["0a03616263", [[1, "abc"]]],
    "an empty text": ["0a00", [[1, ""]]],
    "numbers of one byte and of two": [
      "0801109601",
      [
        [1, 1],
        [2, 150],
      ],
    ],
    "a number below zero, which has ten bytes": ["08ffffffffffffffffff01", [[1, -1]]],
    "a field whose number needs two bytes": ["82010161", [[16, "a"]]],
    "fields as often as they stand": [
      "0a01610a0162",
      [
        [1, "a"],
        [1, "b"],
      ],
    ],
  };
  for (const [what, [hex, fields]] of Object.entries(rows))
    it(`reads ${what}`, () => {
      expect(read(hex)).to.deep.equal(fields);
    });

  for (const [what, hex, message] of [
    ["a text that is cut", "0a0361", "unexpected EOF"],
    ["a number that is cut", "0880", "unexpected EOF"],
    ["a tag that is cut", "80", "unexpected EOF"],
    ["a number of eleven bytes", "08ffffffffffffffffffff01", "proto: integer overflow"],
    ["a text of a length below zero", "0affffffffffffffffff01", "unexpected EOF"],
    ["64 bits", "090000000000000000", "protobuf field 1: wire type 1 is not read here"],
    ["a group", "0b0c", "protobuf field 1: wire type 3 is not read here"],
  ] as const)
    it(`refuses ${what}`, () => {
      expect(() => read(hex)).to.throw(ProtobufFault, message);
    });
});
