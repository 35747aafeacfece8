import { expect } from "chai";
import type { LabelSelector } from "../../../src/apis/meta.ts";
import { isEmptySelector, selectorMatches } from "../../../src/webhook/matching/label-selector.ts";

const expression = (operator: string, key: string, ...values: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, ...(values.length > 0 ? { values } : {}) }],
});

describe("label selector", () => {
  const labels = { app: "web", tier: "front" };
  const cases: readonly (readonly [string, LabelSelector | undefined, boolean])[] = [
    ["none fits all", undefined, true],
    ["an empty one fits all", {}, true],
    ["matchLabels, all of them", { matchLabels: { app: "web", tier: "front" } }, true],
    ["matchLabels, one wrong", { matchLabels: { app: "web", tier: "back" } }, false],
    ["matchLabels, one missing", { matchLabels: { env: "" } }, false],
    ["a label named as a property of every object", { matchLabels: { toString: "web" } }, false],
    ["In", expression("In", "app", "db", "web"), true],
    ["In, missing", expression("In", "env", "web"), false],
    ["NotIn", expression("NotIn", "app", "web"), false],
    ["NotIn, missing", expression("NotIn", "env", "web"), true],
    ["Exists", expression("Exists", "app"), true],
    ["Exists, missing", expression("Exists", "constructor"), false],
    ["DoesNotExist", expression("DoesNotExist", "env"), true],
    [
      "labels and expressions together",
      { matchLabels: { app: "web" }, ...expression("Exists", "env") },
      false,
    ],
  ];
  for (const [name, selector, fits] of cases)
    it(name, () => {
      expect(selectorMatches(selector, labels)).to.equal(fits);
    });

  it("is empty without labels and expressions", () => {
    expect([undefined, {}, { matchLabels: {}, matchExpressions: [] }].map(isEmptySelector)).to.deep.equal([
      true,
      true,
      true,
    ]);
    expect(isEmptySelector(expression("Exists", "a"))).to.equal(false);
  });

  it("says what is no operator, and which values it cannot have", () => {
    expect(() => selectorMatches(expression("Near", "app"), labels)).to.throw(/"Near" is not a valid/);
    expect(() => selectorMatches(expression("In", "app"), labels)).to.throw(/In on app: needs values/);
    expect(() => selectorMatches(expression("Exists", "app", "web"), labels)).to.throw(/has no values/);
  });
});
