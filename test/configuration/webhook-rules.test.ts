import { expect } from "chai";
import { faults, file, parse } from "./configuration-text.ts";

const withRules = (rules: string): string =>
  file({ route: `authentication: {mode: off}\n    rules: ${rules}` });
const rule = (changes = ""): string =>
  `{operations: [CREATE], apiGroups: [""], apiVersions: [v1], resources: [pods, pods/*]${changes}}`;

describe("webhooks[].rules in a configuration file", () => {
  it("may be left out", () => expect(parse(file()).webhooks[0]?.rules).to.equal(undefined));

  it("are a webhook configuration's, word for word", () => {
    expect(parse(withRules(`[${rule(", scope: Namespaced")}]`)).webhooks[0]?.rules).to.deep.equal([
      {
        operations: ["CREATE"],
        apiGroups: [""],
        apiVersions: ["v1"],
        resources: ["pods", "pods/*"],
        scope: "Namespaced",
      },
    ]);
  });

  for (const [what, rules, field] of [
    ["an empty list", "[]", "rules"],
    ["an operation there is none of", `[${rule().replace("CREATE", "create")}]`, "rules[0].operations[0]"],
    ["a scope there is none of", `[${rule(", scope: namespaced")}]`, "rules[0].scope"],
    ["a list without entries", `[${rule().replace("[v1]", "[]")}]`, "rules[0].apiVersions"],
    ["an unknown field", `[${rule(", resource: pods")}]`, "rules[0].resource"],
  ] as const)
    it(`cannot be ${what}`, () =>
      expect(faults(withRules(rules)).join()).to.include(`webhooks[0].${field}: `));
});
