import { expect } from "chai";
import { applyJSONPatch } from "../../src/admission/json-patch.ts";
import { parseLossless } from "../../src/admission/json-runtime.ts";
import { expectCode } from "./coded-error.ts";

const apply = (document: string, patch: string): unknown =>
  applyJSONPatch(parseLossless(document), parseLossless(patch));

/** RFC 6902, appendix A: document, patch, result; no result where the patch does not apply. */
const appendix: readonly [string, string, string, string?][] = [
  [
    "A.1 adding an object member",
    '{"foo":"bar"}',
    '[{"op":"add","path":"/baz","value":"qux"}]',
    '{"baz":"qux","foo":"bar"}',
  ],
  [
    "A.2 adding an array element",
    '{"foo":["bar","baz"]}',
    '[{"op":"add","path":"/foo/1","value":"qux"}]',
    '{"foo":["bar","qux","baz"]}',
  ],
  [
    "A.3 removing an object member",
    '{"baz":"qux","foo":"bar"}',
    '[{"op":"remove","path":"/baz"}]',
    '{"foo":"bar"}',
  ],
  [
    "A.4 removing an array element",
    '{"foo":["bar","qux","baz"]}',
    '[{"op":"remove","path":"/foo/1"}]',
    '{"foo":["bar","baz"]}',
  ],
  [
    "A.5 replacing a value",
    '{"baz":"qux","foo":"bar"}',
    '[{"op":"replace","path":"/baz","value":"boo"}]',
    '{"baz":"boo","foo":"bar"}',
  ],
  [
    "A.6 moving a value",
    '{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}',
    '[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]',
    '{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}',
  ],
  [
    "A.7 moving an array element",
    '{"foo":["all","grass","cows","eat"]}',
    '[{"op":"move","from":"/foo/1","path":"/foo/3"}]',
    '{"foo":["all","cows","eat","grass"]}',
  ],
  [
    "A.8 testing a value that is there",
    '{"baz":"qux","foo":["a",2,"c"]}',
    '[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]',
    '{"baz":"qux","foo":["a",2,"c"]}',
  ],
  ["A.9 testing a value that is another", '{"baz":"qux"}', '[{"op":"test","path":"/baz","value":"bar"}]'],
  [
    "A.10 adding a nested member object",
    '{"foo":"bar"}',
    '[{"op":"add","path":"/child","value":{"grandchild":{}}}]',
    '{"foo":"bar","child":{"grandchild":{}}}',
  ],
  [
    "A.11 passing over members that mean nothing",
    '{"foo":"bar"}',
    '[{"op":"add","path":"/baz","value":"qux","xyz":123}]',
    '{"foo":"bar","baz":"qux"}',
  ],
  [
    "A.12 adding below what does not exist",
    '{"foo":"bar"}',
    '[{"op":"add","path":"/baz/bat","value":"qux"}]',
  ],
  [
    "A.13 an operation that is two",
    '{"foo":"bar"}',
    '[{"op":"add","path":"/baz","value":"qux","op":"remove"}]',
  ],
  [
    "A.14 escapes in a pointer",
    '{"/":9,"~1":10}',
    '[{"op":"test","path":"/~01","value":10}]',
    '{"/":9,"~1":10}',
  ],
  ["A.15 a number is not a string", '{"/":9,"~1":10}', '[{"op":"test","path":"/~01","value":"10"}]'],
  [
    "A.16 adding an array value",
    '{"foo":["bar"]}',
    '[{"op":"add","path":"/foo/-","value":["abc","def"]}]',
    '{"foo":["bar",["abc","def"]]}',
  ],
];

describe("applyJSONPatch, by RFC 6902 appendix A", () => {
  for (const [name, document, patch, result] of appendix)
    it(name, () => {
      if (result !== undefined) expect(apply(document, patch)).to.deep.equal(JSON.parse(result));
      else expectCode("ERR_PATCH_INVALID", "operation 0", () => apply(document, patch));
    });
});

describe("applyJSONPatch, where API servers differ from RFC 6902", () => {
  const same: readonly [string, string, string, string][] = [
    ["replace of a missing member adds it", "{}", '[{"op":"replace","path":"/a","value":1}]', '{"a":1}'],
    ["test for null passes on a missing member", "{}", '[{"op":"test","path":"/a","value":null}]', "{}"],
    ["test without a value is for null", '{"a":null}', '[{"op":"test","path":"/a"}]', '{"a":null}'],
    [
      "index -1 is the last item",
      '{"a":[1,2]}',
      '[{"op":"replace","path":"/a/-1","value":3}]',
      '{"a":[1,3]}',
    ],
    [
      "add at -1 is behind the last item",
      '{"a":[1,2]}',
      '[{"op":"add","path":"/a/-1","value":3}]',
      '{"a":[1,2,3]}',
    ],
    ["remove at -2", '{"a":[1,2]}', '[{"op":"remove","path":"/a/-2"}]', '{"a":[2]}'],
    ["index 01 is 1", '{"a":[1,2]}', '[{"op":"replace","path":"/a/01","value":3}]', '{"a":[1,3]}'],
    ["index +1 is 1", '{"a":[1,2]}', '[{"op":"remove","path":"/a/+1"}]', '{"a":[1]}'],
    [
      "a path may lead through -1",
      '{"a":[{},{}]}',
      '[{"op":"add","path":"/a/-1/b","value":3}]',
      '{"a":[{},{"b":3}]}',
    ],
    ["add without a value adds null", "{}", '[{"op":"add","path":"/a"}]', '{"a":null}'],
    ["copy of a missing member is null", "{}", '[{"op":"copy","from":"/b","path":"/a"}]', '{"a":null}'],
    ["replace of the whole", '{"a":1}', '[{"op":"replace","path":"","value":{"b":2}}]', '{"b":2}'],
    [
      "test of the whole",
      '{"a":1,"b":2}',
      '[{"op":"test","path":"","value":{"b":2,"a":1}}]',
      '{"a":1,"b":2}',
    ],
    ["null changes nothing", '{"a":1}', "null", '{"a":1}'],
    ["and so does an empty array", '{"a":1}', "[]", '{"a":1}'],
  ];
  for (const [name, document, patch, result] of same)
    it(name, () => {
      expect(apply(document, patch)).to.deep.equal(JSON.parse(result));
    });

  const refused: readonly [string, string, string][] = [
    ["remove of a missing member", "{}", '[{"op":"remove","path":"/a"}]'],
    ["remove of a missing item", '{"a":[]}', '[{"op":"remove","path":"/a/0"}]'],
    ["add behind the place behind the last", '{"a":[1]}', '[{"op":"add","path":"/a/2","value":1}]'],
    ["replace of a missing item", '{"a":[1]}', '[{"op":"replace","path":"/a/1","value":1}]'],
    ["replace of -", '{"a":[1]}', '[{"op":"replace","path":"/a/-","value":1}]'],
    ["index before the first", '{"a":[1]}', '[{"op":"remove","path":"/a/-2"}]'],
    ["index that is no number", '{"a":[1]}', '[{"op":"remove","path":"/a/1e0"}]'],
    ["index that is empty", '{"a":[1]}', '[{"op":"remove","path":"/a/"}]'],
    ["test of a missing item", '{"a":[]}', '[{"op":"test","path":"/a/0","value":null}]'],
    ["test below what is missing", "{}", '[{"op":"test","path":"/a/b","value":null}]'],
    ["test of null against a value", '{"a":1}', '[{"op":"test","path":"/a","value":null}]'],
    ["move of a missing member", "{}", '[{"op":"move","from":"/a","path":"/b"}]'],
    ["move into itself", '{"a":{"b":{}}}', '[{"op":"move","from":"/a","path":"/a/b/c"}]'],
    ["copy of a missing item", '{"a":[]}', '[{"op":"copy","from":"/a/0","path":"/b"}]'],
    ["an operation nobody knows", "{}", '[{"op":"merge","path":"/a","value":1}]'],
    ["an operation that is the name of something else", "{}", '[{"op":"constructor","path":"/a"}]'],
    ["no operation", "{}", '[{"path":"/a","value":1}]'],
    ["something that is no object", "{}", "[1]"],
    ["no path", "{}", '[{"op":"add","value":1}]'],
    ["a path that is no string", "{}", '[{"op":"add","path":1,"value":1}]'],
    ["a path without a leading slash", '{"a":{}}', '[{"op":"add","path":"a/b","value":1}]'],
    ["no from", '{"a":1}', '[{"op":"copy","path":"/b"}]'],
    ["add of the whole", "{}", '[{"op":"add","path":"","value":{}}]'],
    ["remove of the whole", "{}", '[{"op":"remove","path":""}]'],
    ["replace of the whole by what is no object", "{}", '[{"op":"replace","path":"","value":1}]'],
    ["a path through a string", '{"a":"text"}', '[{"op":"add","path":"/a/length/x","value":1}]'],
  ];
  for (const [name, document, patch] of refused)
    it(`refuses ${name}`, () => {
      expectCode("ERR_PATCH_INVALID", "operation 0", () => apply(document, patch));
    });

  it("refuses what is no array, and names the operation that fails", () => {
    expectCode("ERR_PATCH_INVALID", "not an array", () => apply("{}", "{}"));
    const patch = '[{"op":"add","path":"/a","value":1},{"op":"remove","path":"/b"}]';
    expectCode("ERR_PATCH_INVALID", 'operation 1 ("remove", "/b"): there is no such member', () =>
      apply("{}", patch),
    );
  });

  it("copies no more than three MiB in all", () => {
    const document = `{"a":"${"x".repeat(1024 * 1024 - 2)}"}`;
    const copies = (count: number): string =>
      JSON.stringify(
        Array.from({ length: count }, (_, index) => ({ op: "copy", from: "/a", path: `/b${index}` })),
      );
    apply(document, copies(3));
    expectCode("ERR_PATCH_INVALID", "operation 3", () => apply(document, copies(4)));
    const doubling = JSON.stringify(
      Array.from({ length: 60 }, () => ({ op: "copy", from: "/a", path: "/a/-" })),
    );
    expectCode("ERR_PATCH_INVALID", "copies more than", () => apply('{"a":["x"]}', doubling));
  });
});

describe("applyJSONPatch", () => {
  it("leaves the document and the patch as they were, applied or not", () => {
    const document = parseLossless('{"a":{"b":[1]}}');
    const value = parseLossless('{"x":{}}');
    const patch = [
      { op: "add", path: "/c", value },
      { op: "add", path: "/c/x/y", value: 1 },
      { op: "add", path: "/a/b/0", value: 0 },
    ];
    expect(applyJSONPatch(document, patch)).to.deep.equal({ a: { b: [0, 1] }, c: { x: { y: 1 } } });
    expect(() => applyJSONPatch(document, [...patch, { op: "remove", path: "/none" }])).to.throw();
    expect(document).to.deep.equal({ a: { b: [1] } });
    expect(value).to.deep.equal({ x: {} });
  });

  it("makes a copy that does not change with its original", () => {
    const patch = '[{"op":"copy","from":"/a","path":"/b"},{"op":"add","path":"/b/x","value":1}]';
    expect(apply('{"a":{}}', patch)).to.deep.equal({ a: {}, b: { x: 1 } });
  });

  it("keeps 64-bit integers, in the document and in the patch", () => {
    const result = apply('{"a":9007199254740993}', '[{"op":"add","path":"/b","value":-9007199254740993}]');
    expect(result).to.deep.equal({ a: 9007199254740993n, b: -9007199254740993n });
    apply('{"a":9007199254740993}', '[{"op":"test","path":"/a","value":9007199254740993}]');
    expectCode("ERR_PATCH_INVALID", "another one", () =>
      apply('{"a":9007199254740993}', '[{"op":"test","path":"/a","value":9007199254740992}]'),
    );
  });

  it("takes __proto__ and constructor for the names they are", () => {
    const patch =
      '[{"op":"add","path":"/__proto__","value":{"polluted":true}},{"op":"add","path":"/__proto__/more","value":1}]';
    const result = apply("{}", patch) as object;
    expect(JSON.stringify(result)).to.equal('{"__proto__":{"polluted":true,"more":1}}');
    expect("polluted" in {}).to.equal(false);
    for (const path of ["/constructor/prototype/x", "/__proto__/x", "/toString/x"])
      expectCode("ERR_PATCH_INVALID", "does not exist", () =>
        apply("{}", JSON.stringify([{ op: "add", path, value: 1 }])),
      );
    expectCode("ERR_PATCH_INVALID", "no such member", () =>
      apply("{}", '[{"op":"remove","path":"/constructor"}]'),
    );
  });

  it("quotes nothing of an operation but its name and path", () => {
    const nested = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    expectCode("ERR_PATCH_INVALID", "operation 0 (?, ?): there is no such operation", () =>
      apply("{}", `[{"op":${nested},"path":${nested}}]`),
    );
    expectCode("ERR_PATCH_INVALID", "levels", () =>
      apply("{}", `[{"op":"add","path":"/a","value":${nested}}]`),
    );
  });

  it("nests a document no deeper than is safe to walk, by whatever moves", () => {
    const deep = `{"a":${"[".repeat(900)}${"]".repeat(900)},"b":${"[".repeat(900)}${"]".repeat(900)}}`;
    const into = `/b${"/0".repeat(899)}/-`;
    for (const op of ["move", "copy"])
      expectCode("ERR_PATCH_INVALID", "levels", () =>
        apply(deep, JSON.stringify([{ op, from: "/a", path: into }])),
      );
  });
});
