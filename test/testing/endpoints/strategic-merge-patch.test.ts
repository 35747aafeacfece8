import { expect } from "chai";
import { applyMergePatch } from "../../../src/testing/endpoints/merge-patch.ts";
import { applyStrategicMergePatch } from "../../../src/testing/endpoints/strategic-merge-patch.ts";
import type { JsonObject } from "../../../src/testing/objects/api-object.ts";

describe("strategic merge patch", () => {
  const rows: readonly (readonly [
    title: string,
    target: JsonObject,
    patch: JsonObject,
    result: JsonObject,
  ])[] = [
    ["merges objects", { a: { b: 1, c: 2 } }, { a: { c: 3 } }, { a: { b: 1, c: 3 } }],
    ["deletes by null", { a: 1, b: 2 }, { a: null }, { b: 2 }],
    ["replaces a list that has no key", { args: ["a", "b"] }, { args: ["c"] }, { args: ["c"] }],
    [
      "merges a list of objects by its key",
      { containers: [{ name: "a", image: "1" }, { name: "b" }] },
      { containers: [{ name: "a", image: "2" }] },
      { containers: [{ name: "a", image: "2" }, { name: "b" }] },
    ],
    [
      "adds to a list of objects",
      { webhooks: [{ name: "a" }] },
      { webhooks: [{ name: "b", failurePolicy: "Fail" }] },
      { webhooks: [{ name: "a" }, { name: "b", failurePolicy: "Fail" }] },
    ],
    [
      "keys volumeMounts by mountPath",
      { volumeMounts: [{ mountPath: "/a", name: "x" }] },
      { volumeMounts: [{ mountPath: "/a", readOnly: true }] },
      { volumeMounts: [{ mountPath: "/a", name: "x", readOnly: true }] },
    ],
    [
      "keys a container's ports by containerPort",
      { ports: [{ containerPort: 80 }] },
      { ports: [{ containerPort: 80, name: "http" }] },
      { ports: [{ containerPort: 80, name: "http" }] },
    ],
    [
      "keys a Service's ports by port",
      { ports: [{ port: 80, targetPort: 1 }] },
      { ports: [{ port: 80, targetPort: 2 }] },
      { ports: [{ port: 80, targetPort: 2 }] },
    ],
    [
      "deletes an element by $patch",
      { containers: [{ name: "a" }, { name: "b" }] },
      { containers: [{ $patch: "delete", name: "a" }] },
      { containers: [{ name: "b" }] },
    ],
    [
      "replaces a whole list by $patch",
      { containers: [{ name: "a" }] },
      { containers: [{ name: "b" }, { $patch: "replace" }] },
      { containers: [{ name: "b" }] },
    ],
    ["replaces an object by $patch", { a: { b: 1 } }, { a: { $patch: "replace", c: 2 } }, { a: { c: 2 } }],
    [
      "orders a list by $setElementOrder",
      { containers: [{ name: "a" }, { name: "b" }] },
      {
        "$setElementOrder/containers": [{ name: "c" }, { name: "b" }, { name: "a" }],
        containers: [{ name: "c" }],
      },
      { containers: [{ name: "c" }, { name: "b" }, { name: "a" }] },
    ],
    [
      "takes from a list of plain values",
      { f: ["a", "b"] },
      { "$deleteFromPrimitiveList/f": ["a"] },
      { f: ["b"] },
    ],
    ["keeps only what $retainKeys names", { a: 1, b: 2 }, { $retainKeys: ["b", "c"], c: 3 }, { b: 2, c: 3 }],
    [
      "adds finalizers to those that are there",
      { finalizers: ["a"] },
      { finalizers: ["b"] },
      { finalizers: ["a", "b"] },
    ],
  ];
  for (const [title, target, patch, result] of rows)
    it(title, () => {
      const before = structuredClone(target);
      expect(applyStrategicMergePatch(target, patch)).to.deep.equal(result);
      expect(target, "the object itself stays as it was").to.deep.equal(before);
    });

  it("refuses a directive it does not know, and an element that is no object", () => {
    expect(() => applyStrategicMergePatch({}, { $patch: "melt" })).to.throw(/unknown patch type/);
    expect(() => applyStrategicMergePatch({}, { containers: ["a"] })).to.throw(/containers/);
  });

  it("takes __proto__ for a member like any other", () => {
    const patch = JSON.parse('{"__proto__":{"polluted":true}}') as JsonObject;
    const result = applyStrategicMergePatch({}, patch);
    expect(Object.getPrototypeOf(result)).to.equal(Object.prototype);
    expect(({} as JsonObject).polluted).to.equal(undefined);
  });
});

// the examples of RFC 7396, appendix A
describe("merge patch", () => {
  const rows: readonly (readonly [target: string, patch: string, result: string])[] = [
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', "{}"],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', "null", "null"],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ["[1,2]", '{"a":"b","c":null}', '{"a":"b"}'],
    ["{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ];
  for (const [target, patch, result] of rows)
    it(`makes ${result} of ${target} by ${patch}`, () => {
      expect(applyMergePatch(JSON.parse(target), JSON.parse(patch))).to.deep.equal(JSON.parse(result));
    });
});
