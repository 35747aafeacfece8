import { readFileSync } from "node:fs";
import { expect } from "chai";
import { parse } from "yaml";
import type { RuleWithOperations } from "../../../src/apis/admissionregistration.ts";
import { createTrustedRegistries } from "../../../src/policies/built-in/trusted-registries.ts";

const { match } = createTrustedRegistries({ registries: ["registry.example"] });

describe("the rules of trusted-registries", () => {
  it("are those that the chart renders, so that a webhook is called for all that is judged, and for nothing else", () => {
    const template = readFileSync("charts/countersign/templates/_routes.tpl", "utf8");
    const [, table] = /define "countersign\.builtInRules" -\}\}\n([\s\S]*?)\{\{- end/.exec(template) ?? [];
    const rules: Record<string, RuleWithOperations[]> = parse(table!);
    expect(rules["trusted-registries"]).to.deep.equal(match);
  });

  it("are those that the README shows", () => {
    const readme = readFileSync("README.md", "utf8");
    const chapter = readme.slice(readme.indexOf("### Built-in policies"));
    const [, block] = /```yaml\n(rules:\n[\s\S]*?)```/.exec(chapter) ?? [];
    expect(parse(block!)).to.deep.equal({ rules: match });
  });
});
