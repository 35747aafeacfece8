import { expect } from "chai";
import fc from "fast-check";
import { diffJSON, equalJSON } from "../../src/admission/json-diff.ts";
import { encodeLossless } from "../../src/admission/json-encoder.ts";
import { applyJSONPatch } from "../../src/admission/json-patch.ts";
import { parseLossless } from "../../src/admission/json-runtime.ts";
import type { JSONValue } from "../../src/admission/json-value.ts";

/** The patch as it travels: as text, and read again. */
const travelled = (before: JSONValue, after: JSONValue): JSONValue =>
  parseLossless(encodeLossless(diffJSON(before, after) as unknown as JSONValue));

const { value: json } = fc.letrec<{ value: JSONValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<JSONValue>(null, true, 0, 1, "a", ""),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
    fc.string({ maxLength: 3 }),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(fc.constantFrom("a", "b", "/", "~", "~1", "", "__proto__", "0", "é"), tie("value"), {
      maxKeys: 5,
    }),
  ),
}));
const objects = fc.dictionary(fc.constantFrom("a", "b", "c/d", "m~n", "__proto__"), json, {
  noNullPrototype: true,
});

describe("diffJSON", () => {
  it("is a patch that makes the one of the other, for any two objects", () => {
    fc.assert(
      fc.property(objects, objects, (before, after) => {
        const result = applyJSONPatch(before, travelled(before, after));
        expect(equalJSON(result, after)).to.equal(true);
      }),
      { numRuns: 2000 },
    );
  });

  it("is empty where nothing changed, and only there", () => {
    fc.assert(
      fc.property(objects, objects, (before, after) => {
        expect(diffJSON(before, parseLossless(encodeLossless(before)))).to.deep.equal([]);
        expect(diffJSON(before, after).length === 0).to.equal(equalJSON(before, after));
      }),
    );
  });

  it("touches nothing but what changed", () => {
    const before = { metadata: { labels: { a: "1" } }, spec: { replicas: 3, paused: true } };
    const after = { metadata: { labels: { a: "1", "x/y~z": "2" } }, spec: { replicas: 4 } };
    expect(diffJSON(before, after)).to.deep.equal([
      { op: "add", path: "/metadata/labels/x~1y~0z", value: "2" },
      { op: "remove", path: "/spec/paused" },
      { op: "replace", path: "/spec/replicas", value: 4 },
    ]);
  });

  const lists: readonly [string, JSONValue[], JSONValue[], readonly object[]][] = [
    ["an item put first", [1, 2], [0, 1, 2], [{ op: "add", path: "/0", value: 0 }]],
    ["an item put last", [1, 2], [1, 2, 3], [{ op: "add", path: "/2", value: 3 }]],
    ["an item taken out", [1, 2, 3], [1, 3], [{ op: "remove", path: "/1" }]],
    [
      "all taken out, from the end",
      [1, 2],
      [],
      [
        { op: "remove", path: "/1" },
        { op: "remove", path: "/0" },
      ],
    ],
    ["an item changed inside", [{ a: 1 }, 2], [{ a: 2 }, 2], [{ op: "replace", path: "/0/a", value: 2 }]],
    ["an item doubled", [1], [1, 1], [{ op: "add", path: "/1", value: 1 }]],
  ];
  for (const [name, before, after, operations] of lists)
    it(`in an array: ${name}`, () => {
      expect(diffJSON(before, after)).to.deep.equal(operations);
    });

  it("replaces what became of another type", () => {
    expect(diffJSON({ a: [1] }, { a: { 0: 1 } })).to.deep.equal([
      { op: "replace", path: "/a", value: { 0: 1 } },
    ]);
    expect(diffJSON({ a: null }, { a: {} })).to.deep.equal([{ op: "replace", path: "/a", value: {} }]);
  });

  it("sees a change in the last digit of a 64-bit integer", () => {
    expect(diffJSON({ a: 9007199254740992n }, { a: 9007199254740993n })).to.have.lengthOf(1);
    expect(diffJSON({ a: 9007199254740993n }, { a: 9007199254740993n })).to.deep.equal([]);
    expect(diffJSON({ a: 5n }, { a: 5 })).to.deep.equal([]);
  });
});
