import { expect } from "chai";
import { parseYamlDocument } from "../src/configuration/yaml-document.ts";
import { parseLintDocuments } from "../src/inspection/lint/lint-document.ts";
import { parseKubeconfig } from "../src/kubeconfig/parse-kubeconfig.ts";
import { nestsTooDeeply } from "../src/yaml-nesting.ts";

const deep: Readonly<Record<string, string>> = {
  "lists within lists": "[".repeat(100_000),
  "mappings within mappings": '{"a":'.repeat(100_000),
  "block sequences on one line": "- ".repeat(100_000),
  "block mappings": Array.from({ length: 300 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"),
};

describe("a text that nests without end", () => {
  for (const [name, text] of Object.entries(deep)) {
    it(`is seen before it is parsed: ${name}`, () => expect(nestsTooDeeply(text)).to.equal(true));
    it(`is refused as configuration: ${name}`, () =>
      expect(parseYamlDocument(text).faults[0]?.message).to.equal("is nested too deeply"));
    it(`is refused as something to lint: ${name}`, () =>
      expect(parseLintDocuments(text, "deep.yaml")[0]?.faults[0]?.message).to.equal("is nested too deeply"));
    it(`is refused as kubeconfig: ${name}`, () =>
      expect(() => parseKubeconfig(text, "deep.yaml")).to.throw(/deep\.yaml: is nested too deeply/));
  }

  it("is not what closes as often as it opens", () =>
    expect(nestsTooDeeply(`[${"[],{},".repeat(10_000)}]`)).to.equal(false));
});
