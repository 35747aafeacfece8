import { expect } from "chai";
import { evaluateExpression } from "./evaluate-expression.ts";

/** RE2 knows the flag, JavaScript's engine calls it a syntax error: true only where RE2 is asked. */
const flagged = `"ABC".matches("(?i)^abc$")`;
const attributes = {
  operation: "CREATE",
  kind: { group: "", version: "v1", kind: "ConfigMap" },
  resource: { group: "", version: "v1", resource: "configmaps" },
  userInfo: { username: "alice" },
  object: {
    text: "ABC",
    pattern: "(?i)^abc$",
    texts: ["ABC"],
    evil: "^(a+)+$",
    victim: `${"a".repeat(5000)}!`,
  },
} as const;

describe("matches", () => {
  describe("runs on RE2 wherever it stands", () => {
    for (const expression of [
      flagged,
      `matches("ABC", "(?i)^abc$")`,
      "object.text.matches(object.pattern)",
      "matches(object.text, object.pattern)",
      "dyn(object.text).matches(dyn(object.pattern))",
      `!!${flagged}`,
      `true && ${flagged}`,
      `false || ${flagged}`,
      `${flagged} ? true : false`,
      `true ? ${flagged} : false`,
      `[${flagged}][0]`,
      `[true][${flagged} ? 0 : 1]`,
      `{${flagged}: true}[true]`,
      `{"a": ${flagged}}.a`,
      `${flagged} in [true]`,
      `${flagged} == true`,
      `string(${flagged}) == "true"`,
      "object.texts.all(text, text.matches(object.pattern))",
      `object.texts.exists(text, text.matches("(?i)^abc$"))`,
      "object.texts.exists_one(text, text.matches(object.pattern))",
      "object.texts.existsOne(i, text, text.matches(object.pattern))",
      "object.texts.filter(text, text.matches(object.pattern)).size() == 1",
      "object.texts.map(text, text.matches(object.pattern))[0]",
      "object.texts.map(text, text.matches(object.pattern), 1).size() == 1",
      `[${flagged}].all(one, one)`,
      "object.texts.all(i, text, text.matches(object.pattern))",
      "object.texts.transformList(i, text, text.matches(object.pattern), 1).size() == 1",
      "object.texts.transformMap(i, text, text.matches(object.pattern))[0]",
      "object.texts.transformMapEntry(i, text, {text: text.matches(object.pattern)})['ABC']",
      "object.texts.sortBy(text, text.matches(object.pattern)).size() == 1",
      `has({"a": {"b": 1}}[${flagged} ? "a" : "x"].b)`,
      `optional.of(${flagged}).value()`,
      `optional.none().or(optional.of(${flagged})).value()`,
      `optional.none().orValue(${flagged})`,
      `optional.of(object.text).optMap(text, text.matches(object.pattern)).value()`,
      `optional.of(object.text).optFlatMap(text, optional.of(text.matches(object.pattern))).value()`,
      `{"a": true}[?(${flagged} ? "a" : "b")].value()`,
    ])
      it(expression, () => expect(evaluateExpression(expression, { attributes })).to.equal(true));
  });

  it("takes no exponential time for a pattern and a text out of the request", () => {
    expect(evaluateExpression("object.victim.matches(object.evil)", { attributes })).to.equal(false);
    expect(evaluateExpression("matches(object.victim, object.evil)", { attributes })).to.equal(false);
    expect(evaluateExpression("object.victim.find(object.evil) == ''", { attributes })).to.equal(true);
  });

  it("refuses an invalid pattern when it is compiled where it is a constant, otherwise when it is evaluated", () => {
    expect(evaluateExpression(`"d".matches("(?=d)d")`)).to.match(/^compile error: /);
    expect(evaluateExpression(`"d".matches("(?=d)" + "d")`)).to.match(/^error: /);
    expect(evaluateExpression(`["(?=d)d"].all(pattern, "d".matches(pattern))`)).to.match(/^error: /);
  });
});
