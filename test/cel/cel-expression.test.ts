import { expect } from "chai";
import fc from "fast-check";
import type { AdmissionAttributes } from "../../src/admission/admission-attributes.ts";
import { checkMatchCondition, compileMatchCondition } from "../../src/cel/cel-expression.ts";
import { attributes, evaluateExpression } from "./evaluate-expression.ts";

describe("match condition expressions", () => {
  describe("that were tried before this was built", () => {
    const tried: readonly (readonly [expression: string, result: boolean | RegExp])[] = [
      [`!(request.resource.group == "coordination.k8s.io" && request.resource.resource == "leases")`, true],
      [`!("system:nodes" in request.userInfo.groups)`, false],
      [`request.resource.group != "rbac.authorization.k8s.io"`, true],
      [
        `!authorizer.group("admissionregistration.k8s.io").resource("validatingwebhookconfigurations").name("my").check("breakglass").allowed()`,
        false,
      ],
      [`authorizer.requestResource.check("delete").allowed()`, true],
      [`object.spec.template.spec.containers.all(c, c.image.startsWith("registry.k8s.io/"))`, false],
      ["object.spec.replicas <= 5 && object.spec.replicas % 2 == 1", true],
      [`has(object.spec.replicas) && "app" in object.metadata.labels && oldObject == null`, true],
      ["object.nothing == 1 || true", true],
      ["object.nothing == 1 && false", false],
      [`object.spec.template.spec.containers.exists_one(c, c.image == "docker.io/b")`, true],
      [`object.spec.template.spec.containers.map(c, c.image).size() == 2`, true],
      [`timestamp("2026-11-21T00:00:00Z") > timestamp("2026-01-01T00:00:00Z")`, true],
      [`object.?metadata.?annotations["x"].orValue("none") == "none"`, true],
      [`"D".matches("(?i)^d$")`, true],
      [`"d".matches("(?=d)d")`, /^compile error: .*invalid or unsupported Perl syntax/],
      [`"${"a".repeat(30)}!".matches("^(a+)+$")`, false],
      [`{"a": 1}.all(k, v, v == 1)`, true],
      [`cel.bind(x, 1, x == 1)`, /^compile error: .*cel\.bind/],
      [`"%s-%d".format(["a", 1]) == "a-1"`, true],
      [`request.operatoin == "CREATE"`, /^compile error: .*operatoin/],
      ["object.spec.replicas", /^compile error: must evaluate to bool but got dyn/],
    ];
    for (const [expression, result] of tried)
      it(`${expression} is ${result}`, () => {
        const actual = evaluateExpression(expression);
        if (typeof result === "boolean") expect(actual).to.equal(result);
        else expect(actual).to.match(result);
      });
  });

  describe("compile", () => {
    const refused: Readonly<Record<string, readonly string[]>> = {
      "only to exactly bool": [
        `"a"`,
        "1",
        "null",
        "object",
        "object.spec.paused",
        "[true]",
        "dyn(true)",
        "true ? object.a : true",
        "optional.of(true)",
      ],
      "only what parses": [
        "",
        "(",
        "true &&",
        "true true",
        "a b",
        "'",
        "true # no comment",
        "a.",
        "{",
        "[1",
        "1 +",
        "true ? true",
        "@",
        "\u0000",
      ],
      "only variables there are": ["params.x == 1", "variables.x == 1", "self == 1", "x == 1", "Object == 1"],
      "only fields that request has": [
        `request.uid == "x"`,
        "request.object == null",
        "request.oldObject == null",
        `request.operatoin == "x"`,
        "has(request.operatoin)",
        `request.kind.resource == "x"`,
        `request.userInfo.name == "x"`,
        `request["operatoin"] == "x"`,
        `authorizer.user == "x"`,
      ],
      "only functions that Kubernetes has": [
        "cel.bind(x, 1, x == 1)",
        "math.greatest(1, 2) == 2",
        `b"{}".json().size() == 0`,
        `b"a".hex() == "61"`,
        `base64.encode(b"a") == ""`,
        "[1].foo() == 1",
        "foo(1) == 1",
        `"a".indexOf() == 1`,
        `"a".indexOf("a", 1, 1) == 1`,
        `countersign_matches("a", "a")`,
        `"a".countersign_matches("a")`,
        `"a".constructor() == 1`,
        `"a".reverse() == "a"`,
        `[1].existsOne(x, x == 1)`,
        `quantity("1").sign() == 1`,
      ],
      "only what types allow": [
        `1 + "a" == 2`,
        "1 + 1.0 == 2.0",
        "1 == 1.0",
        `1 == "a"`,
        `request.name == 1`,
        `"a" in "abc"`,
        `!"a"`,
        `"a" && true`,
        `request.name.all(c, true)`,
        "request.all(k, true)",
        "[1].all(x, x)",
        `authorizer.check("get").allowed()`,
        `authorizer.group("").check("get").allowed()`,
        "authorizer.requestResource.allowed()",
        `quantity("1") == 1`,
        `[1, 2].all(i, v, "a")`,
      ],
      "no lists and maps of mixed types": [
        `[1, "a"] == []`,
        "[1, 1.0] == []",
        `{"a": 1, "b": "c"} == {}`,
        `{"a": 1, 2: 3} == {}`,
        `[object.a, 1] == []`,
      ],
      "no constants that never work": [
        `"a".matches("(?=a)")`,
        `matches("a", "(")`,
        `"a".find("[") == ""`,
        `"a".findAll("a{2,1}") == []`,
        `"a".matches("(?<!a)b")`,
        `"a".matches("\\\\1")`,
        `timestamp("yesterday") == timestamp(0)`,
        `duration("1 hour") == duration("1s")`,
        "9223372036854775808 > 0",
        `"%y".format([1]) == ""`,
        `"%s %s".format(["a"]) == ""`,
        `"%s".format(["a", "b"]) == ""`,
        "-9223372036854775809 < 0",
      ],
      "no misused macros": [
        "has(object)",
        "has(object.a())",
        `has("a")`,
        "[1].all(1, true)",
        "[1].map(x.y, x) == []",
        "[1].all(a.b, c, true)",
      ],
    };
    for (const [rule, expressions] of Object.entries(refused))
      describe(rule, () => {
        for (const expression of expressions)
          it(JSON.stringify(expression), () => {
            expect(checkMatchCondition(expression)).to.be.a("string").that.is.not.empty;
            expect(() => compileMatchCondition(expression))
              .to.throw()
              .with.property("code", "ERR_MATCH_CONDITION");
          });
      });

    it("says nothing about what is right, and never shows names that are not the author's", () => {
      expect(checkMatchCondition("true")).to.equal(undefined);
      const fault = checkMatchCondition(`"a".indexOf(1) == 1`);
      expect(fault).to.include("indexOf").and.not.include("countersign");
    });

    it("says where", () =>
      expect(checkMatchCondition("true && nothing")).to.match(/nothing \(at character 9\)/));
  });

  describe("see the request", () => {
    const deletion: AdmissionAttributes = {
      ...attributes,
      operation: "DELETE",
      subResource: "status",
      dryRun: true,
      object: null,
      oldObject: { metadata: { name: "old" } },
    };
    for (const [expression, given] of [
      [`request.kind.group == "apps" && request.kind.version == "v1" && request.kind.kind == "Deployment"`],
      [`request.resource.resource == "deployments" && request.requestResource == request.resource`],
      [`request.name == "web" && request.namespace == "default" && request.operation == "CREATE"`],
      [
        `request.userInfo.username == "alice" && request.userInfo.uid == "u1" && request.userInfo.groups.size() == 2`,
      ],
      [`request.userInfo.extra["example.com/scopes"] == ["a", "b"]`],
      [`!request.dryRun && request.options.kind == "CreateOptions" && !has(request.subResource)`],
      [
        `request.dryRun && request.subResource == "status" && request.requestSubResource == "status"`,
        deletion,
      ],
      [`object == null && oldObject.metadata.name == "old"`, deletion],
      [
        `request.kind.kind == "New" && request.requestKind.kind == "Deployment"`,
        { ...attributes, kind: { ...attributes.kind, kind: "New" }, requestKind: attributes.kind },
      ],
      [
        `!has(request.namespace) && !has(request.userInfo.groups)`,
        { ...attributes, namespace: "", userInfo: { username: "a", groups: [] } },
      ],
      ["namespaceObject == null"],
      [`object.metadata.labels.constructor == "odd" && object.metadata.labels["app"] == "web"`],
      ["has(object.status) && object.status == null"],
    ] as const)
      it(expression, () =>
        expect(evaluateExpression(expression, given === undefined ? {} : { attributes: given })).to.equal(
          true,
        ),
      );

    it("with integers and floats apart, and exact", () => {
      const object = {
        big: 9007199254740993n,
        huge: 18446744073709551616n,
        whole: 1e300,
        float: 0.5,
        zero: -0,
      };
      for (const expression of [
        "object.big == 9007199254740993 && object.big != 9007199254740992 && type(object.big) == int",
        "type(object.huge) == double && type(object.whole) == double && type(object.float) == double",
        "object.zero == 0 && type(object.zero) == int",
      ])
        expect(
          evaluateExpression(expression, { attributes: { ...attributes, object } }),
          expression,
        ).to.equal(true);
    });

    it("with any member name", () => {
      const object = JSON.parse(`{"__proto__": {"a": 1}, "constructor": 2, "toString": 3}`);
      const expression = `object.constructor == 2 && object["__proto__"].a == 1 && object.toString == 3 && !has(object.valueOf) && object.size() == 3`;
      expect(evaluateExpression(expression, { attributes: { ...attributes, object } })).to.equal(true);
      expect(evaluateExpression(`object.hasOwnProperty == 1`)).to.match(
        /^error: no such key: hasOwnProperty$/,
      );
    });
  });

  describe("fail with an error, not an answer", () => {
    for (const expression of [
      "object.nothing == 1",
      "oldObject.metadata.name == 'a'",
      "namespaceObject.metadata.name == 'a'",
      "has(object.spec.template.spec.containers.image)",
      `has(object.nothing.name)`,
      "request.subResource == ''",
      "object.spec.template.spec.containers[2].image == ''",
      "object.spec.replicas + object.metadata.name == 1",
      "object.metadata.name && true",
      "object.spec.all(k, v, k)",
      "1 / 0 == 1",
      "1 % 0 == 1",
      "9223372036854775807 + 1 > 0",
      "-9223372036854775807 - 2 < 0",
      "object.spec.replicas.matches('a')",
      `"a".matches(object.metadata.name + "(")`,
      `int(object.metadata.name) == 1`,
      `timestamp(object.metadata.name) == timestamp(0)`,
      `duration(object.metadata.name) == duration("1s")`,
      `quantity(object.metadata.name).isInteger()`,
      `url(object.metadata.name).getHost() == ""`,
      `ip(object.metadata.name).family() == 4`,
      `cidr(object.metadata.name).prefixLength() == 4`,
      `semver(object.metadata.name).major() == 4`,
      `"%d".format([object.metadata.name]) == ""`,
      `"%s %s".format([object.metadata.name].filter(x, true)) == ""`,
      `("%" + "y").format([1]) == ""`,
      `"abc".substring(2, 1) == ""`,
      `"abc".charAt(4) == ""`,
      "[1].slice(0, 2) == []",
      "object.none.min() == 1",
      `dyn([]).max() == 1`,
      "lists.range(-1) == []",
      `timestamp("2026-01-01T00:00:00Z").getHours("Nowhere/City") == 1`,
      "optional.none().value() == 1",
      `quantity("100m").asInteger() == 1`,
      "[1, 'a'.size()].map(x, dyn('a')).sum() == 1",
      "dyn('a').x == 1",
      "dyn(null).size() == 0",
    ])
      it(expression, () => expect(evaluateExpression(expression)).to.match(/^error: /));
  });

  describe("absorb errors only where they do not matter", () => {
    for (const [expression, result] of [
      ["object.x == 1 || true", true],
      ["true || object.x == 1", true],
      ["object.x == 1 && false", false],
      ["[0, 1].exists(x, 1 / x == 1)", true],
      ["[0, 1].all(x, 1 / x == 2)", false],
      ["[0, 1].exists(i, x, 1 / x == 1)", true],
      ["[0, 1].all(i, x, 1 / x == 2)", false],
      ["object.x == 1 || false", /^error/],
      ["object.x == 1 && true", /^error/],
      ["[0, 1].all(x, 1 / x == 1)", /^error/],
      ["[0, 1].exists(i, x, 1 / x == 2)", /^error/],
      ["[0, 1].exists_one(x, 1 / x == 1)", /^error/],
      ["[0, 1].existsOne(i, x, 1 / x == 1)", /^error/],
      ["[0].map(x, 1 / x).size() == 1", /^error/],
      ["(object.x == 1) == (object.x == 1)", /^error/],
    ] as const)
      it(`${expression}: ${result}`, () => {
        const actual = evaluateExpression(expression);
        if (typeof result === "boolean") expect(actual).to.equal(result);
        else expect(actual).to.match(result);
      });
  });

  describe("of any text", () => {
    const word = fc.constantFrom(
      ..."object oldObject request authorizer true false null 1 2u 1.5 'a' b'a' ( ) [ ] { } , : ? . .? [? ! - + * / % == != < <= > >= && || in has all exists map filter matches x size() .spec .x".split(
        " ",
      ),
    );
    const sensible = fc.array(word, { maxLength: 30 }).map((words) => words.join(" "));
    const anything = fc.oneof(
      sensible,
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.string({ maxLength: 200 }),
    );

    it("are refused with a message or evaluated, and never throw", () => {
      fc.assert(
        fc.property(anything, (expression) => {
          const fault = checkMatchCondition(expression);
          if (fault !== undefined) return fault.length > 0;
          return ["boolean", "string"].includes(typeof evaluateExpression(expression));
        }),
        { numRuns: 2000 },
      );
    });

    const long: Readonly<Record<string, string>> = {
      parentheses: `${"(".repeat(20_000)}true${")".repeat(20_000)}`,
      lists: `${"[".repeat(20_000)}${"]".repeat(20_000)} == []`,
      maps: `${"{'a': ".repeat(5_000)}1${"}".repeat(5_000)} == {}`,
      negations: `${"!".repeat(80_000)}true`,
      minuses: `${"-".repeat(80_000)}1 == 1`,
      selections: `object${".a".repeat(40_000)} == 1`,
      indices: `object${"[0]".repeat(20_000)} == 1`,
      calls: `${"size(".repeat(10_000)}[]${")".repeat(10_000)} == 1`,
      methods: `"a"${".trim()".repeat(10_000)} == "a"`,
      conditionals: `${"true ? ".repeat(10_000)}true${" : true".repeat(10_000)}`,
      disjunctions: Array.from({ length: 10_000 }, () => "true").join(" || "),
      sums: `${Array.from({ length: 20_000 }, () => "1").join(" + ")} == 1`,
      comprehensions: `${"[1].all(x, ".repeat(5_000)}true${")".repeat(5_000)}`,
      elements: `[${"1,".repeat(40_000)}1].size() == 1`,
      text: `"${"a".repeat(100_000)}" == ""`,
    };
    for (const [what, expression] of Object.entries(long))
      it(`of far too many ${what} are refused`, () =>
        expect(checkMatchCondition(expression)).to.match(/nested|Exceeded|longer|deep/));

    it("whose patterns together take long to compile are refused", () => {
      const patterns = Array.from({ length: 900 }, (_, i) => `"a".matches("(a{900})${i}")`);
      expect(checkMatchCondition(patterns.join(" || "))).to.match(/cost limit/);
      expect(checkMatchCondition(patterns.slice(0, 10).join(" || "))).to.equal(undefined);
    });

    it("of many operators are none too many", () => {
      const expression = Array.from({ length: 400 }, (_, i) => `request.name != "n${i}"`).join(" && ");
      expect(evaluateExpression(expression)).to.equal(true);
    });
  });
});
