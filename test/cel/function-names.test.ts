import { Environment } from "@marcbachmann/cel-js";
import { expect } from "chai";
import { createCelEnvironment } from "../../src/cel/cel-environment.ts";
import { functionPrefix } from "../../src/cel/cel-function.ts";
import { callOf, syntaxTree, walk } from "../../src/cel/cel-node.ts";
import { createCelRuntime } from "../../src/cel/cel-runtime.ts";
import { rewriteFunctions } from "../../src/cel/function-names.ts";

const { engine, functions } = createCelEnvironment(createCelRuntime());
/** The engine's own that may run: they look at no value, or are CEL's macros, whose parts are rewritten. */
const harmless = [
  "dyn",
  "type",
  "has",
  "all",
  "exists",
  "exists_one",
  "map",
  "filter",
  "hasValue",
  "value",
  "or",
  "orValue",
  "none",
  "of",
];

describe("rewriteFunctions", () => {
  const definitions = new Environment({ enableOptionalTypes: true }).getDefinitions().functions;

  it("knows what the engine has", () =>
    expect(definitions.map(({ name }) => name)).to.include.members(["matches", "bind", "json"]));

  for (const { signature, name, receiverType, params } of definitions)
    if (!harmless.includes(name))
      it(`leaves nobody the engine's ${signature}`, () => {
        const args = params.map(({ type }) => (type === "ast" ? "x" : "null")).join(", ");
        const namespace = receiverType === "CelNamespace" ? "cel" : "null";
        const root = syntaxTree(
          engine.parse(receiverType === null ? `${name}(${args})` : `${namespace}.${name}(${args})`),
        );
        const fault = rewriteFunctions(root, functions);
        if (fault !== undefined) return;
        for (const node of walk(root, 10)) {
          const call = callOf(node);
          if (call !== undefined) expect(call.name).to.match(new RegExp(`^${functionPrefix}`));
        }
      });

  it("refuses what is in neither", () => {
    for (const expression of [
      "nothing()",
      "null.nothing()",
      `null.${functionPrefix}matches("a")`,
      `${functionPrefix}size("a")`,
    ])
      expect(rewriteFunctions(syntaxTree(engine.parse(expression)), functions)).to.match(
        /undeclared reference/,
      );
  });

  it("refuses trees that are too deep to be walked by what comes after", () => {
    const chain = Array.from({ length: 2000 }, () => "true").join(" || ");
    expect(() => rewriteFunctions(syntaxTree(engine.parse(chain)), functions)).to.throw(RangeError);
  });
});
