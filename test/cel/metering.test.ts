import { expect } from "chai";
import { attributes, evaluateExpression } from "./evaluate-expression.ts";

const numbers = Array.from({ length: 3000 }, (_, index) => index);
const object = {
  items: numbers,
  strings: numbers.map((number) => `${"x".repeat(300)}${number}`),
  text: "a".repeat(100_000),
  map: Object.fromEntries(numbers.map((number) => [`k${number}`, number])),
  equal: numbers.map(() => numbers.slice(0, 100)),
};
const large = { ...attributes, object };
const exceeded = /cost limit of 1000000 exceeded/;
const evaluate = (expression: string): boolean | string =>
  evaluateExpression(expression, { attributes: large });
const nested = (depth: number, macro: string, innermost: string): string =>
  depth === 0 ? innermost : `object.items.${macro}(x${depth}, ${nested(depth - 1, macro, innermost)})`;
const doubling = (start: string): string => `[${start}]${".map(x, x + x)".repeat(40)}.size() == 1`;

describe("metering", () => {
  describe("stops", () => {
    const stopped: Readonly<Record<string, string>> = {
      "comprehensions of 3000 items, 4 deep": nested(4, "all", "true"),
      "comprehensions that never decide": nested(4, "exists", "false"),
      "comprehensions whose every step fails": nested(3, "exists", "object.missing == 1"),
      "comprehensions that map": `${nested(3, "map", "1")}.size() == 1`,
      "comprehensions that filter": "object.items.all(a, object.items.filter(b, b > a).size() >= 0)",
      "comprehensions of two variables":
        "object.items.all(a, b, object.map.all(k, v, object.items.all(c, d, true)))",
      "comprehensions that look at nothing": "object.items.all(a, object.items.all(b, true))",
      "comprehensions that end at once, over large maps": "object.items.all(a, object.map.exists(k, true))",
      transformations: "object.items.transformList(a, b, object.items.transformMap(c, d, d)).size() == 1",
      "sorting by what takes long": "object.items.sortBy(a, object.items.sum()).size() == 1",
      "an overrun that is absorbed": `${nested(4, "all", "true")} || true`,
      "an overrun in an optional": `optional.of(${nested(4, "all", "true")}).orValue(true)`,
      "errors that are absorbed": "object.items.all(x, object.items.all(y, object.missing == 1 || true))",
      "errors that an expression's length makes dear": `object.items.all(x, (object.missing == 1 || true) && "${"a".repeat(50_000)}" != "")`,
      "strings that double": doubling("object.text"),
      "lists that double": doubling("object.items"),
      "bytes that double": doubling("bytes(object.text)"),
      "replacement that multiplies": `object.text.replace("a", object.text).size() == 1`,
      "replacement of nothing that multiplies": `object.text.replace("", object.text).size() == 1`,
      "joining that multiplies": "object.strings.join(object.text).size() == 1",
      "formatting again and again": `object.items.all(x, "%s".format([object.map]) != "")`,
      "splitting again and again": `object.items.all(x, object.text.split("").size() > 0)`,
      "reading a string again and again": "object.items.all(x, object.text.size() > 0)",
      "comparing strings again and again": `object.items.all(x, object.text != object.text.replace("b", "c") || true)`,
      "comparing objects again and again": "object.items.all(x, object == object)",
      "comparing lists again and again": "object.items.all(x, object.equal == object.equal)",
      "searching a list for another":
        "object.items.all(x, object.items in [object.strings, object.equal, object.items])",
      "searching lists": "object.items.all(x, object.items.indexOf(-1) == -1)",
      sets: "object.items.all(x, sets.contains(object.items, [2999]))",
      distinct: "object.items.distinct().size() == 3000 && object.items.distinct().size() == 3000",
      "sorting again and again": "object.items.all(x, object.items.sort().size() > 0)",
      "flattening again and again": "object.items.all(x, object.equal.flatten().size() > 0)",
      "reversing again and again": "object.items.all(x, object.items.reverse().size() > 0)",
      "slicing again and again": "object.items.all(x, object.items.slice(0, 3000).size() > 0)",
      ranges: "lists.range(9223372036854775807).size() > 0",
      "searching for a long text": `object.items.all(x, object.text.contains("${"a".repeat(50)}b") || true)`,
      "a long pattern on a long text": `object.text.matches("(a|b|ab)*c(a{100})$")`,
      "a pattern that repeats on long texts": `object.strings.all(x, x.matches("(x|y|xy)+(a{900})$") || true)`,
      "a pattern for each item": "object.strings.all(x, x.matches(x))",
      "patterns made up on the way": `object.items.all(x, "a".matches("a{1000}" + string(x)) || true)`,
      "finding all with a pattern that looks far": `object.text.findAll("a.*b|a").size() == 1`,
      "time zones again and again": `object.items.all(x, timestamp("2026-01-01T00:00:00Z").getHours("Europe/Berlin") == 1)`,
      "map literals":
        "object.items.all(x, {'a': 1, 'b': 2}.size() + {'c': 1}.size() + {'d': 1}.size() + {'e': [1]}.size() > 0 && object.items.all(y, {'a': 1}.size() > 0))",
    };
    for (const [what, expression] of Object.entries(stopped))
      it(what, () => expect(evaluate(expression)).to.match(exceeded));
  });

  describe("lets pass", () => {
    for (const expression of [
      "object.items.all(x, x >= 0)",
      `object.strings.all(x, x.startsWith("x") && x.size() > 300)`,
      `object.strings.slice(0, 500).all(x, x.matches("^x+[0-9]+$"))`,
      `object.map.all(k, v, k == "k" + string(v))`,
      "object.items.filter(x, x % 2 == 0).map(x, x * 2).sum() == 4497000",
      "object.equal.all(list, list.isSorted())",
      "object.items.all(x, object.missing == 1 || true)",
    ])
      it(expression, () => expect(evaluate(expression)).to.equal(true));
  });

  it("charges for the run that it is in, and not for others", () => {
    const expression = "[1, 2, 3].all(x, x > 0)";
    expect(evaluateExpression(expression, { limit: 5 })).to.match(/limit of 5 exceeded/);
    expect(evaluateExpression(expression)).to.equal(true);
  });

  it("orders strings as their bytes, and durations to the nanosecond", () => {
    expect(
      evaluateExpression(
        `"\\U0001F600" > "\\uffff" && "a" < "b" && !("a" < "a") && "a" <= "a" && "b" >= "a"`,
      ),
    ).to.equal(true);
    expect(evaluateExpression(`duration("9000000000.000000001s") > duration("9000000000s")`)).to.equal(true);
  });
});
