import { expect } from "chai";
import { applyJSONPatch } from "../../src/admission/json-patch.ts";
import { parseLossless } from "../../src/admission/json-runtime.ts";
import { expectCode } from "./coded-error.ts";

const apply = (document: string, patch: string): unknown =>
  applyJSONPatch(parseLossless(document), parseLossless(patch));

/**
 * The ground that the common test suite of RFC 6902 covers (json-patch-tests), each with what evanphx/json-patch v4 does:
 * document, patch, result; no result where the patch does not apply.
 */
const cases: readonly [string, string, string, string?][] = [
  ["no operations on an empty object", "{}", "[]", "{}"],
  ["no operations on an array", '[{"a":1,"b":2}]', "[]", '[{"b":2,"a":1}]'],
  ["add takes the place of null", '{"a":null}', '[{"op":"add","path":"/a","value":7}]', '{"a":7}'],
  ["add to an empty array at the root", "[]", '[{"op":"add","path":"/0","value":"x"}]', '["x"]'],
  ["append at the root", "[1]", '[{"op":"add","path":"/-","value":"x"}]', '[1,"x"]'],
  [
    "append levels down",
    "[0,[1,[2]]]",
    '[{"op":"add","path":"/1/1/-","value":{"x":[3]}}]',
    '[0,[1,[2,{"x":[3]}]]]',
  ],
  ["a member of no name", "{}", '[{"op":"add","path":"/","value":7}]', '{"":7}'],
  ["a member of no name, deeper", '{"a":{}}', '[{"op":"add","path":"/a/","value":7}]', '{"a":{"":7}}'],
  ["a member named like an index", '{"a":1}', '[{"op":"add","path":"/0","value":"x"}]', '{"a":1,"0":"x"}'],
  ["a member named like a number", '{"1e0":"x"}', '[{"op":"test","path":"/1e0","value":"x"}]', '{"1e0":"x"}'],
  [
    "into an object in an array",
    '{"a":[{"b":1}]}',
    '[{"op":"add","path":"/a/0/c","value":"x"}]',
    '{"a":[{"b":1,"c":"x"}]}',
  ],
  ...["true", "false", "null", "[1,2]", "{}"].map((value): [string, string, string, string] => [
    `adds ${value}`,
    '{"a":1}',
    `[{"op":"add","path":"/b","value":${value}}]`,
    `{"a":1,"b":${value}}`,
  ]),
  ...["0", "true", "false", "null", '["x","y"]'].map((value): [string, string, string, string] => [
    `replaces an item by ${value}, not flattened`,
    '["",1]',
    `[{"op":"replace","path":"/0","value":${value}}]`,
    `[${value},1]`,
  ]),
  ["inserts before the first", "[1,2]", '[{"op":"add","path":"/0","value":0}]', "[0,1,2]"],
  ["inserts between", "[1,3]", '[{"op":"add","path":"/1","value":2}]', "[1,2,3]"],
  ["inserts an array as one item", "[1]", '[{"op":"add","path":"/0","value":[2,3]}]', "[[2,3],1]"],
  ["inserts behind the last", "[1,2]", '[{"op":"add","path":"/2","value":3}]', "[1,2,3]"],
  ["inserts nothing beyond that", "[1,2]", '[{"op":"add","path":"/3","value":4}]'],
  ["adds no member to an array", "[1,2]", '[{"op":"add","path":"/a","value":42}]'],
  ["removes a member", '{"a":1,"b":[1]}', '[{"op":"remove","path":"/b"}]', '{"a":1}'],
  ["removes a member that is null", '{"a":null}', '[{"op":"remove","path":"/a"}]', "{}"],
  [
    "removes from an object in an array",
    '{"a":[{"b":1}]}',
    '[{"op":"remove","path":"/a/0/b"}]',
    '{"a":[{}]}',
  ],
  [
    "removes one after the other",
    "[1,2,3,4]",
    '[{"op":"remove","path":"/1"},{"op":"remove","path":"/2"}]',
    "[1,3]",
  ],
  ["removes no item there is not", '["a"]', '[{"op":"remove","path":"/2"}]'],
  [
    "replaces a value by another type",
    '{"a":"x","b":1}',
    '[{"op":"replace","path":"/a","value":{"c":[2]}}]',
    '{"a":{"c":[2]},"b":1}',
  ],
  ["replaces null", '{"a":null}', '[{"op":"replace","path":"/a","value":"x"}]', '{"a":"x"}'],
  ["replaces by null", '{"a":"x"}', '[{"op":"replace","path":"/a","value":null}]', '{"a":null}'],
  ["replaces nothing below what is missing", '{"a":1}', '[{"op":"replace","path":"/b/c","value":false}]'],
  ["replaces the whole by an array", "{}", '[{"op":"replace","path":"","value":[1]}]', "[1]"],
  ["moves to where it is", '{"a":1}', '[{"op":"move","from":"/a","path":"/a"}]', '{"a":1}'],
  ["moves null", '{"a":null}', '[{"op":"move","from":"/a","path":"/b"}]', '{"b":null}'],
  [
    "moves out of an array's object into the array",
    '{"a":[{"b":"x"}]}',
    '[{"op":"move","from":"/a/0/b","path":"/a/1"}]',
    '{"a":[{},"x"]}',
  ],
  ["moves an item to the end", "[1,2,3]", '[{"op":"move","from":"/0","path":"/-"}]', "[2,3,1]"],
  ["copies null", '{"a":null}', '[{"op":"copy","from":"/a","path":"/b"}]', '{"a":null,"b":null}'],
  [
    "copies an object out of an array",
    '{"a":[{"b":1}]}',
    '[{"op":"copy","from":"/a/0","path":"/c"}]',
    '{"a":[{"b":1}],"c":{"b":1}}',
  ],
  [
    "tests members in any order",
    '{"a":{"b":1,"c":2}}',
    '[{"op":"test","path":"/a","value":{"c":2,"b":1}}]',
    '{"a":{"b":1,"c":2}}',
  ],
  ["tests items in their order", '{"a":[1,2]}', '[{"op":"test","path":"/a","value":[2,1]}]'],
  [
    "tests nested members in any order",
    '{"a":[{"b":1,"c":2}]}',
    '[{"op":"test","path":"/a","value":[{"c":2,"b":1}]}]',
    '{"a":[{"b":1,"c":2}]}',
  ],
  ["tests an object against an array", '{"a":{"b":[1,2]}}', '[{"op":"test","path":"/a","value":[1,2]}]'],
  ["tests null", '{"a":null}', '[{"op":"test","path":"/a","value":null}]', '{"a":null}'],
  ["tests false without a value, which is null", "[false]", '[{"op":"test","path":"/0"}]'],
  [
    "passes over members that mean nothing",
    '{"a":1}',
    '[{"op":"test","path":"/a","value":1,"more":1}]',
    '{"a":1}',
  ],
  ["copies from nowhere", "[1]", '[{"op":"copy","path":"/-"}]'],
  ["moves from nowhere", '{"a":1}', '[{"op":"move","path":""}]'],
  ...["test", "add", "remove", "replace"].map((op): [string, string, string] => [
    `${op} at an index that is no integer`,
    '["a","b"]',
    `[{"op":"${op}","path":"/1e0","value":"b"}]`,
  ]),
  ...["copy", "move"].map((op): [string, string, string] => [
    `${op} from an index that is no integer`,
    '{"a":[1,2]}',
    `[{"op":"${op}","from":"/a/1e0","path":"/b"}]`,
  ]),
];

/** Every character that a pointer may hold as it is, and the two that it escapes. */
const names = ["", " ", "a/b", "c%d", "e^f", "g|h", "i\\j", 'k"l', "m~n", "~1", "ü"];

describe("operations of a JSON patch", () => {
  for (const [name, document, patch, result] of cases)
    it(name, () => {
      if (result !== undefined) expect(apply(document, patch)).to.deep.equal(JSON.parse(result));
      else expectCode("ERR_PATCH_INVALID", "operation 0", () => apply(document, patch));
    });

  it("find members by whatever name", () => {
    const document = Object.fromEntries(names.map((name, index) => [name, index]));
    const patch = names.map((name, value) => {
      const path = `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      return { op: "test", path, value };
    });
    expect(applyJSONPatch(document, patch)).to.deep.equal(document);
  });
});
